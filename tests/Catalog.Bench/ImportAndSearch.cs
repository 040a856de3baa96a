using System.Diagnostics;
using Catalog.V1;

namespace Catalog.Bench;

/// <summary>An import of some 60,000 products with the catalog's own client, then searches over them, then writes while they are searched.</summary>
internal static class ImportAndSearch
{
    public static async Task RunAsync(Settings settings, Report report, CancellationToken stop)
    {
        var folder = Directory.CreateTempSubdirectory("catalog-bench-").FullName;
        try
        {
            var (file, rows) = Corpus.File60k(folder);
            var data = Path.Combine(folder, "data");
            await using (var catalog = await ServerProcess.StartCatalogAsync(settings.Catalog, data))
            {
                var queries = new ProductQueryService.ProductQueryServiceClient(catalog.Channel);
                report.Add($"import of {rows:N0} products, {Path.GetFileName(file)}", rows / await ImportAsync(settings, catalog, file, folder, stop), "/s");
                report.Add("the index is complete after the import by", await Load.MillisecondsAsync(() => Settling.WaitAsync(queries, stop)) / 1000, "s");
                report.Add("import again, nothing changed", rows / await ImportAsync(settings, catalog, file, folder, stop), "/s");
                await Searches.RunAsync(settings, report, queries, stop);
                await Visibility.RunAsync(settings, report, catalog, stop);
                await Task.Delay(TimeSpan.FromSeconds(settings.Quick ? 2 : 10), stop);
                report.Add($"memory after all that, resident", catalog.ResidentMegabytes(), "MiB");
            }
            report.Add($"first answer after a start with {rows:N0} products", await Start.FirstAnswerAsync(settings, data), "ms");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<double> ImportAsync(Settings settings, ServerProcess catalog, string file, string folder, CancellationToken stop)
    {
        var started = Stopwatch.GetTimestamp();
        using var import = Process.Start(settings.Catalog, ["import", file, "--server", catalog.Grpc.ToString(), "--rejects", Path.Combine(folder, "rejects"), "--quiet"]);
        await import.WaitForExitAsync(stop);
        return import.ExitCode == 0 ? Stopwatch.GetElapsedTime(started).TotalSeconds : throw new InvalidOperationException($"The import ended with {import.ExitCode}.");
    }
}
