using System.Diagnostics;
using Catalog.V1;
using Grpc.Core;

namespace Catalog.Bench;

/// <summary>From the start of the process to its first answer, and what an idle one takes of the memory.</summary>
internal static class Start
{
    public static async Task RunAsync(Settings settings, Report report, CancellationToken stop)
    {
        List<double> first = [];
        for (var round = 0; round < settings.Rounds; round++) first.Add(await FirstAnswerAsync(settings, null));
        report.Add("first answer after a start on an empty folder", Load.Median(first), "ms");

        await using var catalog = await ServerProcess.StartCatalogAsync(settings.Catalog);
        await FirstReadAsync(catalog);
        await Task.Delay(TimeSpan.FromSeconds(settings.Quick ? 2 : 10), stop);
        report.Add("memory of an idle catalog, resident", catalog.ResidentMegabytes(), "MiB");
    }

    /// <summary>Milliseconds from starting a process to its answer to a read.</summary>
    public static async Task<double> FirstAnswerAsync(Settings settings, string? folder)
    {
        var started = Stopwatch.GetTimestamp();
        await using var catalog = await ServerProcess.StartCatalogAsync(settings.Catalog, folder);
        await FirstReadAsync(catalog);
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    private static async Task FirstReadAsync(ServerProcess catalog)
    {
        var queries = new ProductQueryService.ProductQueryServiceClient(catalog.Channel);
        while (true)
        {
            try
            {
                await queries.SearchProductsAsync(new SearchProductsRequest { PageSize = 1 });
                return;
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.Unavailable)
            {
                await Task.Delay(1);
            }
        }
    }
}
