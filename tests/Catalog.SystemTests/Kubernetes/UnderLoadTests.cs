using System.Collections.Concurrent;
using Catalog.SystemTests.Crash;
using Catalog.V1;
using Grpc.Core;

namespace Catalog.SystemTests;

/// <summary>
/// Load on a deployed catalog while somebody else restarts, kills and upgrades what it runs on, and then the same account as after a crash: what every client was told must be what
/// happened. <c>TEST_GATEWAY_PHASE</c> names a file: what it says is what is going on, and when it is gone the load ends. Only where it says "killed" may a query fail; where it says
/// "fresh", every read sees the write before it; where it says "busy", queries follow each other without a pause.
/// </summary>
public sealed class UnderLoadTests(DeployedCatalog deployed, ITestOutputHelper output)
{
    private const int Clients = 3, Readers = 2;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly ConcurrentDictionary<string, Tally> _tallies = new(StringComparer.Ordinal);
    private volatile string _phase = "start";

    [Fact]
    public async Task Whatever_is_done_to_the_cluster_nothing_is_lost_and_nothing_happens_twice()
    {
        var catalog = deployed.Catalog;
        var file = Environment.GetEnvironmentVariable("TEST_GATEWAY_PHASE");
        Assert.SkipWhen(string.IsNullOrEmpty(file), "TEST_GATEWAY_PHASE names no file.");
        var seed = Random.Shared.Next(1, 1_000_000);
        output.WriteLine($"seed {seed}");
        var chances = new Random(seed);
        var journal = new CommandJournal();
        // In several partitions, however many.
        var checker = new CrashChecker(journal, partitions: 2);
        await checker.BeginAsync(catalog);

        // Names that no earlier run on this catalog had.
        var names = Enumerable.Range(0, 40).Select(i => TestProducts.Name($"r{seed}-{i}")).ToArray();
        var over = false;
        var clients = Enumerable.Range(0, Clients).Select(number => Task.Run(new CrashClient(
            journal, [catalog], names, new Random(chances.Next()), seed, seed + number, () => true, () => Volatile.Read(ref over)).RunAsync)).ToArray();
        var readers = Enumerable.Range(0, Readers).Select(number => Task.Run(() => ReadAsync(catalog, names, new Random(chances.Next()), () => Volatile.Read(ref over))))
            .Append(Task.Run(() => ReadOwnWritesAsync(catalog, journal, seed, () => Volatile.Read(ref over)))).ToArray();
        while (await PhaseAsync(file) is { } phase)
        {
            _phase = phase;
            foreach (var broken in clients.Where(c => c.IsFaulted)) await broken;
            await Task.Delay(Pause);
        }
        Volatile.Write(ref over, true);
        await Task.WhenAll([.. clients, .. readers]);

        var unknown = journal.Commands.Values.Where(c => c.IsUnknown).ToList();
        var commands = journal.Commands.Count;
        await Task.WhenAll(unknown.Select(sent => CrashClient.RepeatAsync(journal, catalog, sent)));
        await CrashClient.ImportAsync(catalog, journal.Rows.Values.Where(r => r.Result is null).OrderBy(CommandJournal.SerialOf).Chunk(100));
        await checker.CheckAsync(catalog, seed);

        foreach (var (phase, tally) in _tallies.OrderBy(t => t.Value.Begun))
            output.WriteLine($"{phase}: queries {tally.Queries}, reads of own writes {tally.OwnWrites}");
        output.WriteLine($"{commands} commands, {unknown.Count} of them without an answer and sent again, {checker.Events} events: none lost, none twice");
        Assert.All(_tallies.Where(t => !t.Key.Contains("killed", StringComparison.Ordinal)), t => Assert.True(t.Value.Queries.Failed == 0, $"{t.Key}: {t.Value.Queries}"));
        Assert.All(_tallies.Where(t => t.Key.Contains("fresh", StringComparison.Ordinal)), t => Assert.True(t.Value.OwnWrites is { Failed: 0, Asked: > 0 }, $"{t.Key}: {t.Value.OwnWrites}"));
    }

    private static async Task<string?> PhaseAsync(string file)
    {
        try
        {
            return (await File.ReadAllTextAsync(file)).Trim();
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    private Tally Now => _tallies.GetOrAdd(_phase, _ => new Tally());

    private async Task ReadAsync(ICatalogUnderTest catalog, string[] names, Random chances, Func<bool> isOver)
    {
        while (!isOver())
        {
            var phase = _phase;
            await Now.Queries.CountAsync(async () =>
            {
                if (chances.Next(2) == 0) await catalog.Reads().BatchGetProductsAsync(new BatchGetProductsRequest { Names = { names[chances.Next(names.Length)] } }, deadline: DateTime.UtcNow.AddSeconds(10));
                else await catalog.Reads().SearchProductsAsync(new SearchProductsRequest { Query = "row", PageSize = 5 }, deadline: DateTime.UtcNow.AddSeconds(10));
            });
            if (!phase.Contains("busy", StringComparison.Ordinal)) await Task.Delay(Pause);
        }
    }

    private async Task ReadOwnWritesAsync(ICatalogUnderTest catalog, CommandJournal journal, int seed, Func<bool> isOver)
    {
        for (var i = 0; !isOver(); i++)
        {
            var id = $"own-{seed}-{i}";
            var sent = journal.Note(id, new CreateProductRequest { ProductId = id, Product = new Product { Sku = id, Title = id, Brand = "crash" }, RequestId = id });
            while (sent.Receipt is null && !isOver())
            {
                if ((await catalog.CallAsync(Via.Grpc, sent.Request)).Message is CommandReceipt receipt) journal.Acknowledged(sent, receipt);
                else sent.Unanswered();
                await Task.Delay(Pause);
            }
            if (sent.Receipt is null) return;
            await Now.OwnWrites.CountAsync(async () => Assert.Equal(1, (await catalog.GetAsync(sent.Receipt)).Version));
        }
    }

    private sealed class Tally
    {
        public long Begun { get; } = System.Diagnostics.Stopwatch.GetTimestamp();

        public Count Queries { get; } = new();

        public Count OwnWrites { get; } = new();
    }

    private sealed class Count
    {
        private readonly ConcurrentDictionary<string, int> _failures = new(StringComparer.Ordinal);
        private int _asked;

        public int Asked => Volatile.Read(ref _asked);

        public int Failed => _failures.Values.Sum();

        public async Task CountAsync(Func<Task> ask)
        {
            Interlocked.Increment(ref _asked);
            try
            {
                await ask();
            }
            catch (RpcException e)
            {
                _failures.AddOrUpdate($"{e.StatusCode}: {e.Status.Detail}", 1, (_, n) => n + 1);
            }
        }

        public override string ToString() => $"{Asked} ({Failed} failed{string.Concat(_failures.Select(f => $", {f.Value} {f.Key}"))})";
    }
}
