using Catalog.V1;

namespace Catalog.Bench;

/// <summary>
/// Latency of the searches in queries.txt, one at a time, with five facets. Its lines are <c>narrow</c> (at most 5,000 products match) or <c>broad</c>, a query and
/// an optional filter, separated by <c>|</c>.
/// </summary>
internal static class Searches
{
    private const int Broad = 5000;

    // One that takes longer is a fault, and must not look like a benchmark that is still running.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private static readonly string[] Facets = ["brand", "categories", "state", "price.currency_code", "attributes.architecture"];

    public static async Task RunAsync(Settings settings, Report report, ProductQueryService.ProductQueryServiceClient queries, CancellationToken stop)
    {
        List<double> narrow = [], broad = [];
        var slowest = (Milliseconds: 0.0, Text: "");
        foreach (var line in File.ReadLines(Repository.Queries).Where(line => line.Length > 0 && line[0] != '#'))
        {
            var parts = line.Split('|', StringSplitOptions.TrimEntries);
            var request = new SearchProductsRequest { Query = parts[1], Filter = parts.Length > 2 ? parts[2] : "", Facets = { Facets }, Highlight = true };
            var matches = (await queries.SearchProductsAsync(request, deadline: DateTime.UtcNow + Limit, cancellationToken: stop)).TotalSize;
            if (File.Exists(Repository.Debian) && parts[0] != (matches > Broad ? "broad" : "narrow")) Console.WriteLine($"  queries.txt calls it {parts[0]}, and it matches {matches}: {line}");
            if (matches == 0) Console.WriteLine($"  nothing matches: {line}");
            List<double> times = [];
            for (var i = 0; i < (settings.Quick ? 5 : 20); i++) times.Add(await Load.MillisecondsAsync(async () => await queries.SearchProductsAsync(request, deadline: DateTime.UtcNow + Limit, cancellationToken: stop)));
            (matches > Broad ? broad : narrow).AddRange(times);
            if (Load.Median(times) > slowest.Milliseconds) slowest = (Load.Median(times), $"{line} ({matches} matches)");
        }
        report.Add("search, up to 5,000 matches, five facets, p50", Load.Percentile(narrow, 50), "ms");
        report.Add("search, up to 5,000 matches, five facets, p99", Load.Percentile(narrow, 99), "ms");
        report.Add("search, more matches, five facets, p50", Load.Percentile(broad, 50), "ms");
        report.Add("search, more matches, five facets, p99", Load.Percentile(broad, 99), "ms");
        Console.WriteLine($"  the slowest: {slowest.Milliseconds:N1} ms  {slowest.Text}");
    }
}
