using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Catalog.SystemTests.Clients;

namespace Catalog.SystemTests;

/// <summary>
/// The chart's alerts on the metrics of real processes, by a real Prometheus. After how long they fire is cut short here; <see cref="ChartAlertTests"/> holds it, and the words.
/// </summary>
[Collection(Alone.Name)]
public sealed class LiveAlertTests
{
    [Fact]
    public async Task Alerts_fire_while_the_queue_or_a_process_is_away_and_end_when_it_is_back()
    {
        Assert.SkipUnless((await ClientProgram.RunAsync("prometheus", "--version")).Code == 0, "prometheus is not here.");
        var rules = await RulesAsync();
        await using var it = await FaultyCluster.StartAsync();
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder.File("rules.yaml"), rules);
        await File.WriteAllTextAsync(folder.File("prometheus.yaml"), Configuration(
            ("command-headless", it.Cluster.Hosts[0]), ("command-headless", it.Other.Hosts[0]), ("projector", it.Cluster.Hosts[1]), ("query-headless", it.Cluster.Hosts[2])));
        var address = $"127.0.0.1:{ServerProcess.FreePorts(1)}";
        await using var prometheus = new HostProcess(["prometheus", $"--config.file={folder.File("prometheus.yaml")}", $"--storage.tsdb.path={folder.File("data")}", $"--web.listen-address={address}"]);
        using var http = new HttpClient { BaseAddress = new Uri($"http://{address}") };

        await FireAsync("all is well");
        await it.KillKafkaAsync();
        await it.Cluster.CreatedAsync();
        await FireAsync("Kafka is away", "CatalogDirectSync", "CatalogQueueDown");
        await it.StartKafkaAgainAsync();
        await FireAsync("Kafka is back");
        await it.ApplyAsync(FaultTests.Fault.KillProjector, Random.Shared);
        await FireAsync("the projector is gone", "CatalogComponentDown", "CatalogProjectionUnknown", "CatalogTargetDown");

        Task FireAsync(string when, params string[] alerts) => Eventually.NothingMissingAsync($"the right alerts fire while {when}", async () =>
        {
            try
            {
                // Seen from the first sample on, so that nothing fires because nothing is known yet.
                var up = await GetAsync("query?query=sum(up)");
                if (up["result"]!.AsArray() is not [var sum] || sum!["value"]![1]!.GetValue<string>() != (alerts.Contains("CatalogTargetDown") ? "3" : "4")) return $"up: {up.ToJsonString()}";
                var firing = (await GetAsync("alerts"))["alerts"]!.AsArray().Where(a => (string)a!["state"]! == "firing").Select(a => (string)a!["labels"]!["alertname"]!).Distinct().Order(StringComparer.Ordinal);
                return firing.SequenceEqual(alerts) ? null : string.Join(", ", firing);
            }
            catch (HttpRequestException e)
            {
                return e.Message;
            }
        }, TimeSpan.FromMinutes(2));

        async Task<JsonNode> GetAsync(string what) => JsonNode.Parse(await http.GetStringAsync(new Uri($"/api/v1/{what}", UriKind.Relative)))!["data"]!;
    }

    private static async Task<string> RulesAsync()
    {
        var chart = await RenderedChart.RenderAsync("metrics.prometheusRule.enabled=true,metrics.prometheusRule.thresholds.backlogAge=3,gateway.enabled=false");
        var spec = chart.Of("PrometheusRule").Single()["spec"]!;
        foreach (var rule in spec["groups"]!.AsArray().SelectMany(g => g!["rules"]!.AsArray())) rule!["for"] = "2s";
        // JSON is YAML.
        return spec.ToJsonString(new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }

    /// <summary>Labels as the chart's ServiceMonitor makes them.</summary>
    private static string Configuration(params IEnumerable<(string Service, Uri Address)> targets) => new JsonObject
    {
        ["global"] = new JsonObject { ["scrape_interval"] = "1s", ["evaluation_interval"] = "1s" },
        ["rule_files"] = new JsonArray("rules.yaml"),
        ["scrape_configs"] = new JsonArray(new JsonObject
        {
            ["job_name"] = "catalog",
            ["static_configs"] = new JsonArray([.. targets.Select(t => new JsonObject
            {
                ["targets"] = new JsonArray(t.Address.Authority),
                ["labels"] = new JsonObject { ["namespace"] = RenderedChart.Namespace, ["service"] = $"{RenderedChart.Release}-cqrs-grpc-{t.Service}" },
            })]),
        }),
    }.ToJsonString();
}
