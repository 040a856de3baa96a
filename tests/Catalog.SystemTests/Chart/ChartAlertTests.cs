using System.Text.Json;
using System.Text.RegularExpressions;
using Catalog.SystemTests.Clients;

namespace Catalog.SystemTests;

public sealed partial class ChartAlertTests
{
    [Theory]
    [InlineData("", "alerts.test.yaml")]
    [InlineData("standalone.enabled=true", "alerts.standalone.test.yaml")]
    public async Task The_alerts_say_what_is_wrong_when_it_is_wrong(string set, string cases)
    {
        Assert.SkipUnless((await ClientProgram.RunAsync("promtool", "--version")).Code == 0, "promtool is not here.");
        var rules = (await RenderedChart.RenderAsync(set, "--set", "metrics.prometheusRule.enabled=true")).Of("PrometheusRule").Single()["spec"]!;
        using var folder = new TempFolder();
        // JSON is YAML.
        await File.WriteAllTextAsync(folder.File("rules.yaml"), rules.ToJsonString(new JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
        File.Copy(Path.Combine(CatalogProcess.Repository, "tests", "chart", cases), folder.File(cases));
        foreach (var arguments in new string[][] { ["check", "rules", "rules.yaml"], ["test", "rules", cases] })
        {
            var (code, output, errors) = await ClientProgram.RunInAsync(folder.Path, "promtool", arguments);
            Assert.True(code == 0, output + errors);
        }
    }

    [Theory]
    [MemberData(nameof(RenderedChart.Shapes), MemberType = typeof(RenderedChart))]
    public async Task In_every_shape_the_alerts_are_rules(string set)
    {
        Assert.SkipUnless((await ClientProgram.RunAsync("promtool", "--version")).Code == 0, "promtool is not here.");
        var rules = (await RenderedChart.RenderAsync(set, "--set", "metrics.prometheusRule.enabled=true")).Of("PrometheusRule").Single()["spec"]!;
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder.File("rules.yaml"), rules.ToJsonString());
        var (code, output, errors) = await ClientProgram.RunInAsync(folder.Path, "promtool", "check", "rules", "rules.yaml");
        Assert.True(code == 0, output + errors);
    }

    [Fact]
    public async Task Alerts_and_dashboard_ask_for_metrics_that_there_are()
    {
        var source = Directory.EnumerateFiles(Path.Combine(CatalogProcess.Repository, "services"), "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText);
        var made = source.SelectMany(text => Instrument().Matches(text)).Select(m => m.Groups[1].Value.Replace('.', '_')).ToHashSet(StringComparer.Ordinal);
        var chart = await RenderedChart.RenderAsync("metrics.prometheusRule.enabled=true,metrics.dashboard.enabled=true");
        var asked = new[] { chart.Of("PrometheusRule").Single(), chart.The("ConfigMap", "dashboard") }
            .SelectMany(m => Metric().Matches(m.ToJsonString())).Select(m => Suffix().Replace(m.Value, "")).Distinct().ToList();
        Assert.True(asked.Count > 8);
        Assert.Equal([], asked.Except(made));
    }

    [GeneratedRegex("\"(catalog(?:[.][a-z_]+)+)\"")]
    private static partial Regex Instrument();

    [GeneratedRegex("catalog_(commands|relay|projector|queries)[a-z_]*")]
    private static partial Regex Metric();

    // What Prometheus adds for kind and unit.
    [GeneratedRegex("(_seconds)?(_total|_bucket)?$")]
    private static partial Regex Suffix();
}
