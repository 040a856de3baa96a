using Catalog.V1;
using Grpc.Core;

namespace Catalog.Bench;

/// <summary>
/// Durable CreateProduct and GetProduct against a bare echo of the same message, in alternating rounds, so that whatever else the machine does
/// strikes all three alike.
/// </summary>
internal static class Calls
{
    // Names of the server's counters in /metrics.
    private const string Commits = "catalog_commands_groups_total";
    private const string Commands = "catalog_commands_total";

    public static async Task RunAsync(Settings settings, Report report, CancellationToken stop)
    {
        await using var echoServer = await ServerProcess.StartEchoAsync();
        await using var catalog = await ServerProcess.StartCatalogAsync(settings.Catalog);
        var echo = echoServer.Channel.CreateCallInvoker();
        var commands = new ProductCommandService.ProductCommandServiceClient(catalog.Channel);
        var queries = new ProductQueryService.ProductQueryServiceClient(catalog.Channel);
        var (created, readable) = (0L, 0L);

        async Task Echo() => await echo.AsyncUnaryCall(EchoServer.Method, null, default, Corpus.Create(Interlocked.Increment(ref created)));
        async Task Create() => await commands.CreateProductAsync(Corpus.Create(Interlocked.Increment(ref created)), cancellationToken: stop);
        async Task Get() => await queries.GetProductAsync(new GetProductRequest { Name = ProductName.Format($"bench-{1 + Random.Shared.NextInt64(readable)}") });

        async Task<double> CreateRound(TimeSpan duration)
        {
            var first = created;
            var rate = await Load.PerSecondAsync(settings.Callers, duration, Create);
            if (first == readable) readable = created; // Echo takes numbers, too: read only the products made without a gap.
            await Settling.WaitAsync(queries, stop);
            return rate;
        }

        await CreateRound(settings.WarmUp);
        await Load.PerSecondAsync(settings.Callers, settings.WarmUp, Echo);
        await Load.PerSecondAsync(settings.Callers, settings.WarmUp, Get);

        List<double> echoes = [], creates = [], gets = [];
        var (commitsBefore, commandsBefore) = (await catalog.CounterAsync(Commits), await catalog.CounterAsync(Commands, "committed"));
        for (var round = 0; round < settings.Rounds; round++)
        {
            echoes.Add(await Load.PerSecondAsync(settings.Callers, settings.Round, Echo));
            creates.Add(await CreateRound(settings.Round));
            gets.Add(await Load.PerSecondAsync(settings.Callers, settings.Round, Get));
        }
        var commits = await catalog.CounterAsync(Commits) - commitsBefore;
        var committed = await catalog.CounterAsync(Commands, "committed") - commandsBefore;

        report.Add("bare gRPC echo", Load.Median(echoes), "/s");
        report.Add("CreateProduct, durable", Load.Median(creates), "/s");
        report.Add("CreateProduct / echo (aim 0.5)", Load.Median(creates.Zip(echoes, (a, b) => a / b)), "", atLeast: 0.25);
        report.Add("GetProduct", Load.Median(gets), "/s");
        report.Add("GetProduct / echo", Load.Median(gets.Zip(echoes, (a, b) => a / b)), "", atLeast: 0.7);
        report.Add("syncs of the disk per command, 64 callers", commits / committed, "");
    }
}
