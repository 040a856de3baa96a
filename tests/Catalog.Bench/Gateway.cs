using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Catalog.V1;
using Grpc.Net.Client;

namespace Catalog.Bench;

/// <summary>
/// What the gateway adds to a call: 500 reads a second, sent straight to the catalog and through a real Envoy (<c>TEST_ENVOY</c>) with the file that helm (<c>TEST_HELM</c>) renders from
/// the chart, in alternating rounds.
/// </summary>
internal static class Gateway
{
    private const int PerSecond = 500;

    public static async Task RunAsync(Settings settings, Report report, CancellationToken stop)
    {
        var (envoy, helm) = (Environment.GetEnvironmentVariable("TEST_ENVOY"), Environment.GetEnvironmentVariable("TEST_HELM"));
        if (string.IsNullOrEmpty(envoy) || string.IsNullOrEmpty(helm))
        {
            Console.WriteLine("  left out: TEST_ENVOY and TEST_HELM name no programs");
            return;
        }
        var folder = Directory.CreateTempSubdirectory("catalog-bench-").FullName;
        try
        {
            await using var catalog = await ServerProcess.StartCatalogAsync(settings.Catalog);
            var (edge, probes) = (FreePort(), FreePort());
            await WriteFilesAsync(helm, folder, edge, probes, FreePort(), catalog.Grpc.Port, stop);
            using var process = Process.Start(new ProcessStartInfo(envoy, ["--config-path", Path.Combine(folder, "envoy.yaml"), "--concurrency", "2", "--log-level", "error", "--disable-hot-restart"])
            {
                UseShellExecute = false, RedirectStandardOutput = true,
            })!;
            // The access log.
            _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
            try
            {
                await ReadyAsync(new Uri($"http://127.0.0.1:{probes}/healthz/ready"), stop);
                using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{edge}");
                await MeasureAsync(settings, report, catalog.Channel, channel, stop);
            }
            finally
            {
                process.Kill();
                await process.WaitForExitAsync(CancellationToken.None);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task MeasureAsync(Settings settings, Report report, GrpcChannel direct, GrpcChannel through, CancellationToken stop)
    {
        var name = (await new ProductCommandService.ProductCommandServiceClient(through).CreateProductAsync(Corpus.Create(1), cancellationToken: stop)).Name;
        await Settling.WaitAsync(new ProductQueryService.ProductQueryServiceClient(direct), stop);
        List<double> straight = [], around = [];
        await RoundAsync(direct, name, settings.WarmUp, stop);
        await RoundAsync(through, name, settings.WarmUp, stop);
        for (var round = 0; round < settings.Rounds; round++)
        {
            straight.AddRange(await RoundAsync(direct, name, settings.Round, stop));
            around.AddRange(await RoundAsync(through, name, settings.Round, stop));
        }
        report.Add("GetProduct at 500/s, p50", Load.Percentile(straight, 50), "ms");
        report.Add("GetProduct at 500/s, p99", Load.Percentile(straight, 99), "ms");
        report.Add("GetProduct at 500/s through the gateway, p50", Load.Percentile(around, 50), "ms");
        report.Add("GetProduct at 500/s through the gateway, p99", Load.Percentile(around, 99), "ms");
        report.Add("what the gateway adds, p50", Load.Percentile(around, 50) - Load.Percentile(straight, 50), "ms", atMost: 1);
    }

    private static async Task<IEnumerable<double>> RoundAsync(GrpcChannel channel, string name, TimeSpan duration, CancellationToken stop)
    {
        var queries = new ProductQueryService.ProductQueryServiceClient(channel);
        var times = new ConcurrentBag<double>();
        await Load.PacedAsync(PerSecond, (int)(PerSecond * duration.TotalSeconds),
            async _ => times.Add(await Load.MillisecondsAsync(async () => await queries.GetProductAsync(new GetProductRequest { Name = name }, cancellationToken: stop))), stop);
        return times;
    }

    /// <summary>Writes the files of the chart's ConfigMap, as kubelet does.</summary>
    private static async Task WriteFilesAsync(string helm, string folder, int edge, int probes, int admin, int catalog, CancellationToken stop)
    {
        string[] values =
        [
            $"listener.address=127.0.0.1,gateway.listener.port={edge},gateway.probes.address=127.0.0.1,gateway.probes.port={probes},gateway.admin.port={admin}",
            $"backends.commands[0].host=127.0.0.1,gateway.backends.commands[0].port={catalog}", $"backends.queries[0].host=127.0.0.1,gateway.backends.queries[0].port={catalog}",
        ];
        var start = new ProcessStartInfo(helm, ["template", "bench", Path.Combine(Repository.Root, "charts", "cqrs-grpc"), "--show-only", "templates/gateway-configmap.yaml", .. values.SelectMany(v => new[] { "--set", $"gateway.{v}" })])
        {
            UseShellExecute = false, RedirectStandardOutput = true,
        };
        using var rendering = Process.Start(start)!;
        var manifest = await rendering.StandardOutput.ReadToEndAsync(stop);
        await rendering.WaitForExitAsync(stop);
        if (rendering.ExitCode != 0) throw new InvalidOperationException("helm does not render the chart.");
        string? file = null;
        foreach (var line in manifest.Split('\n'))
        {
            if (line.StartsWith("  ", StringComparison.Ordinal) && line.EndsWith(": |", StringComparison.Ordinal) && line[2] != ' ') file = Path.Combine(folder, line.Trim()[..^3]);
            else if (file is not null) await File.AppendAllTextAsync(file, (line.Length > 4 ? line[4..] : "").Replace("/etc/envoy", folder, StringComparison.Ordinal) + "\n", stop);
        }
    }

    private static async Task ReadyAsync(Uri probe, CancellationToken stop)
    {
        using var http = new HttpClient();
        for (var tries = 0; ; tries++)
        {
            try
            {
                using var answer = await http.GetAsync(probe, stop);
                if (answer.IsSuccessStatusCode) return;
            }
            catch (HttpRequestException) when (tries < 200)
            {
                // It does not listen yet.
            }
            if (tries == 200) throw new InvalidOperationException("Envoy does not get ready.");
            await Task.Delay(50, stop);
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
