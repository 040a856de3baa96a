using System.Text.RegularExpressions;

namespace Catalog.Tests.Docs;

/// <summary>docs/metrics.md names every instrument as Prometheus sees it, with the description that it has, and none that is not there.</summary>
public sealed partial class MetricsTableTests
{
    [Fact]
    public void The_tables_hold_every_instrument_and_no_other()
    {
        var table = Row().Matches(RepositoryFiles.Page("metrics.md")).Select(row => (Name: row.Groups["name"].Value, Kind: row.Groups["kind"].Value, Said: row.Groups["said"].Value)).ToList();
        var instruments = Directory.EnumerateFiles(RepositoryFiles.At("services"), "*.cs", SearchOption.AllDirectories).SelectMany(file => Instrument().Matches(File.ReadAllText(file))).Select(Read).ToList();
        Assert.True(instruments.Count > 20);
        Assert.Equal(instruments.Select(i => i.Name).Distinct().Order(StringComparer.Ordinal), table.Select(row => row.Name).Order(StringComparer.Ordinal));
        Assert.Equal([], table.Except(instruments));
    }

    private static (string Name, string Kind, string Said) Read(Match instrument)
    {
        var texts = Text().Matches(instrument.Groups["rest"].Value).Select(text => text.Groups["text"].Value).ToList();
        var unit = texts.Contains("s") ? "_seconds" : "";
        var total = instrument.Groups["kind"].Value == "Counter" ? "_total" : "";
        var kind = instrument.Groups["kind"].Value switch { "Counter" => "counter", "Histogram" => "histogram", _ => "gauge" };
        return ($"{instrument.Groups["name"].Value.Replace('.', '_')}{unit}{total}", kind, texts.MaxBy(text => text.Length)!);
    }

    [GeneratedRegex("^\\| `(?<name>catalog_[a-z_]+)` \\| (?<kind>\\w+) \\| (?<said>.+) \\|$", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Row();

    [GeneratedRegex("""Create(?<kind>Counter|Histogram|UpDownCounter|Gauge|Observable\w+)(<\w+>)?\(\s*"(?<name>catalog[.a-z_]+)"(?<rest>.*?);\r?\n""", RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Instrument();

    [GeneratedRegex("""
        "(?<text>[^"]*)"
        """, RegexOptions.ExplicitCapture)]
    private static partial Regex Text();
}
