using System.Collections.Concurrent;
using Catalog.SystemTests.Crash;
using Catalog.V1;
using Grpc.Core;

namespace Catalog.SystemTests;

/// <summary>
/// Load on a deployed catalog while somebody else restarts, kills and upgrades what it runs on, and then the same account as after a crash: what every client was told must be what
/// happened. <c>TEST_GATEWAY_PHASE</c> names a file: what it says is what is going on, and when it is gone the load ends.
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
        var readers = Enumerable.Range(0, Readers).Select(number => Task.Run(() => ReadAsync(catalog, names, new Random(chances.Next()), () => Volatile.Read(ref over)))).ToArray();
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
            output.WriteLine($"{phase}: {tally.Asked} queries, {tally.Failures.Values.Sum()} failed{string.Concat(tally.Failures.Select(f => $", {f.Value} {f.Key}"))}");
        output.WriteLine($"{commands} commands, {unknown.Count} of them without an answer and sent again, {checker.Events} events: none lost, none twice");
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

    private async Task ReadAsync(ICatalogUnderTest catalog, string[] names, Random chances, Func<bool> isOver)
    {
        while (!isOver())
        {
            var tally = _tallies.GetOrAdd(_phase, _ => new Tally());
            Interlocked.Increment(ref tally.Asked);
            try
            {
                if (chances.Next(2) == 0) await catalog.Reads().GetProductAsync(new GetProductRequest { Name = names[chances.Next(names.Length)] }, deadline: DateTime.UtcNow.AddSeconds(10));
                else await catalog.Reads().SearchProductsAsync(new SearchProductsRequest { Query = "row", PageSize = 5 }, deadline: DateTime.UtcNow.AddSeconds(10));
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.NotFound)
            {
                // That is an answer.
            }
            catch (RpcException e)
            {
                tally.Failures.AddOrUpdate($"{e.StatusCode}: {e.Status.Detail}", 1, (_, n) => n + 1);
            }
            await Task.Delay(Pause);
        }
    }

    private sealed class Tally
    {
        public int Asked;

        public long Begun { get; } = System.Diagnostics.Stopwatch.GetTimestamp();

        public ConcurrentDictionary<string, int> Failures { get; } = new(StringComparer.Ordinal);
    }
}
