using System.Collections.Concurrent;
using System.Diagnostics;
using Catalog.V1;

namespace Catalog.Bench;

/// <summary>
/// How long after its answer a write is found by a search, while 500 commands arrive in a second. One command in ten is watched: half of these by plain
/// searches repeated until one finds it, half by one search that carries the receipt's token.
/// </summary>
internal static class Visibility
{
    private const int PerSecond = 500;
    private const int WatchedOneIn = 10;

    public static async Task RunAsync(Settings settings, Report report, ServerProcess catalog, CancellationToken stop)
    {
        var commands = new ProductCommandService.ProductCommandServiceClient(catalog.Channel);
        var queries = new ProductQueryService.ProductQueryServiceClient(catalog.Channel);
        ConcurrentBag<double> polled = [], carried = [], answers = [];

        async Task Command(int number)
        {
            var request = Corpus.Create(1_000_000 + number);
            CommandReceipt receipt = null!;
            answers.Add(await Load.MillisecondsAsync(async () => receipt = await commands.CreateProductAsync(request, cancellationToken: stop)));
            if (number % WatchedOneIn != 0) return;
            var search = new SearchProductsRequest { Query = request.Product.Sku, PageSize = 1 };
            if (number / WatchedOneIn % 2 == 0)
                polled.Add(await Load.MillisecondsAsync(async () =>
                {
                    while ((await queries.SearchProductsAsync(search, cancellationToken: stop)).Results.All(result => result.Product.Sku != request.Product.Sku)) await Task.Yield();
                }));
            else
            {
                search.ConsistencyTokens.Add(receipt.ConsistencyToken);
                carried.Add(await Load.MillisecondsAsync(async () => await queries.SearchProductsAsync(search, cancellationToken: stop)));
            }
        }

        var count = PerSecond * (settings.Quick ? 5 : 30);
        var started = Stopwatch.GetTimestamp();
        await Load.PacedAsync(PerSecond, count, Command, stop);

        report.Add($"commands answered while visibility was measured", count / Stopwatch.GetElapsedTime(started).TotalSeconds, "/s");
        report.Add("command at 500/s, p50", Load.Percentile(answers, 50), "ms");
        report.Add("command at 500/s, p99", Load.Percentile(answers, 99), "ms");
        report.Add("from a command's answer until a search finds it, p50", Load.Percentile(polled, 50), "ms");
        report.Add("from a command's answer until a search finds it, p99", Load.Percentile(polled, 99), "ms");
        report.Add("search that carries the command's token, p50", Load.Percentile(carried, 50), "ms");
        report.Add("search that carries the command's token, p99", Load.Percentile(carried, 99), "ms");
    }
}
