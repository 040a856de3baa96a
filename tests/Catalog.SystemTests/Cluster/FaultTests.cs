using System.Diagnostics;
using System.Globalization;
using Catalog.SystemTests.Crash;
using Catalog.V1;

namespace Catalog.SystemTests;

/// <summary>
/// Kills, stops and starts again whatever there is to kill, under load, on real servers, and holds what clients, index and watchers see to what the clients were told (G1–G8).
/// <c>CATALOG_FAULT_ROUNDS</c>, <c>CATALOG_FAULT_SEED</c> and <c>CATALOG_FAULT_BROKERS</c> (1 or 3) change how often, with which chances and on how many brokers;
/// <c>CATALOG_FAULT_ONLY</c> names the faults, with commas between them, and <c>CATALOG_FAULT_AWAY</c> the seconds for which Kafka stays away once direct sync is on.
/// </summary>
[Collection(Alone.Name)]
public sealed class FaultTests(ITestOutputHelper output)
{
    private const int Clients = 8;
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(300), Pause = TimeSpan.FromMilliseconds(50);
    // For how long a read with a token may be refused at most, once nothing keeps the write from the index.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Away = TimeSpan.FromSeconds(Setting("CATALOG_FAULT_AWAY", 0));
    private static readonly Fault[] Faults = Environment.GetEnvironmentVariable("CATALOG_FAULT_ONLY") is { Length: > 0 } names ? names.Split(',').Select(Enum.Parse<Fault>).ToArray() : Enum.GetValues<Fault>();

    /// <summary>What goes wrong.</summary>
    public enum Fault
    {
        /// <summary>A command service is killed, most often the one that relays; the other one goes on.</summary>
        KillCommandService,
        /// <summary>Connections to a command service break after its commits and before its answers.</summary>
        CutAnswers,
        /// <summary>The relay hangs, another takes over, and then the first one wakes.</summary>
        HangRelay,
        /// <summary>A projector is killed.</summary>
        KillProjector,
        /// <summary>The query service is killed.</summary>
        KillQueryService,
        /// <summary>The broker, or one of three, is killed.</summary>
        KillKafka,
        /// <summary>The broker, or one of three, hangs for a while.</summary>
        HangKafka,
        /// <summary>All brokers are away for longer than the relay waits before it syncs the index directly.</summary>
        KafkaAway,
        /// <summary>Elasticsearch is killed.</summary>
        KillElasticsearch,
        /// <summary>Elasticsearch hangs for a while.</summary>
        HangElasticsearch,
        /// <summary>A rebuild is killed while it builds, or before the index that it swapped in has caught up.</summary>
        KillRebuild,
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Whatever_fails_nothing_is_lost_nothing_happens_twice_and_nothing_goes_backwards(int brokers)
    {
        Assert.SkipUnless(Setting("CATALOG_FAULT_BROKERS", brokers) == brokers, "CATALOG_FAULT_BROKERS names the other number.");
        // By default each fault once, and on three brokers those of the brokers.
        Fault[] kinds = brokers == 1 || IsSet("CATALOG_FAULT_ROUNDS") || IsSet("CATALOG_FAULT_ONLY") ? Faults : [Fault.KillKafka, Fault.HangKafka, Fault.KafkaAway];
        var rounds = Setting("CATALOG_FAULT_ROUNDS", kinds.Length);
        var seed = Setting("CATALOG_FAULT_SEED", Environment.TickCount & 0xFFFFFF);
        output.WriteLine($"CATALOG_FAULT_SEED={seed}");
        var chances = new Random(seed);
        await using var it = await FaultyCluster.StartAsync(brokers);
        var journal = new CommandJournal();
        var checker = new CrashChecker(journal, partitions: 4);
        await checker.BeginAsync(it.Cluster);
        var (commands, repeated, reads, fresh, refused) = (0, 0, 0, 0, 0);
        var plan = Plan(kinds, rounds, chances);
        for (var round = 1; round <= rounds; round++)
        {
            var (fault, rebuild) = plan[round - 1];
            var clock = Stopwatch.StartNew();
            CrashReader reader;
            int unanswered;
            try
            {
                if (rebuild || fault is Fault.KillRebuild) await it.FinishRebuildAsync();
                reader = await RunAsync(it, journal, round, fault, rebuild, chances);
                var unknown = journal.Commands.Values.Where(c => c.IsUnknown).ToList();
                unanswered = unknown.Count;
                Assert.True(unanswered > 0 || fault is not Fault.CutAnswers, "no answer was cut off");
                await Task.WhenAll(unknown.Select(sent => CrashClient.RepeatAsync(journal, it.Cluster, sent, it.Other)));
                await CrashClient.ImportAsync(it.Cluster, journal.Rows.Values.Where(r => r.Result is null).OrderBy(CommandJournal.SerialOf).Chunk(100));
                (commands, repeated) = (commands + journal.Commands.Count, repeated + unanswered);
                (reads, fresh, refused) = (reads + reader.Answered, fresh + reader.Fresh, refused + reader.Refused);
                await checker.CheckAsync(it.Cluster, round, it.LeftRebuild);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"CATALOG_FAULT_SEED={seed}, round {round}, {fault}{(rebuild ? " with a rebuild" : "")}: {e.Message}\n{it.Logs()}", e);
            }
            output.WriteLine($"{round}: {fault}{(rebuild ? " with a rebuild" : "")}, {clock.Elapsed.TotalSeconds:0.0} s; {unanswered} commands repeated; with tokens {reader.Fresh} reads, {reader.Refused} refused");
        }
        // That may take a minute.
        if (IsSet("CATALOG_FAULT_ROUNDS")) await it.FinishRebuildAsync();
        await checker.CheckAllAsync(it.Cluster, (await it.Cluster.CreatedAsync()).ConsistencyToken, it.LeftRebuild);
        output.WriteLine($"{commands} commands, {repeated} of them repeated, {checker.Events} events; {reads} reads while it failed, {fresh} of them with tokens, and {refused} refused");
    }

    /// <summary>Every fault once before any comes twice; where there is room for it, of two times once with a rebuild in the middle.</summary>
    private static List<(Fault Fault, bool Rebuild)> Plan(Fault[] kinds, int rounds, Random chances)
    {
        var plan = new List<(Fault, bool)>();
        while (plan.Count < rounds)
        {
            var isPair = rounds - plan.Count >= 2 * kinds.Length;
            var with = kinds.Where(_ => chances.Next(isPair ? 2 : 3) == 0).ToHashSet();
            Add(fault => with.Contains(fault));
            if (isPair) Add(fault => !with.Contains(fault));
        }
        return plan[..rounds];

        // The one after which no rebuild can begin for a minute comes last.
        void Add(Func<Fault, bool> rebuild) =>
            plan.AddRange(Shuffled(kinds, chances).OrderBy(f => f is Fault.KillRebuild).Select(f => (f, f is not Fault.KillRebuild && rebuild(f))));
    }

    private static async Task<CrashReader> RunAsync(FaultyCluster it, CommandJournal journal, int round, Fault fault, bool rebuild, Random chances)
    {
        var names = Enumerable.Range(0, 60).Select(i => TestProducts.Name($"r{round}-{i}")).Take(chances.Next(3, 60)).ToArray();
        var over = false;
        // Commands depend on the command service alone: no other fault may be felt by who sends them.
        var mayFail = fault is Fault.KillCommandService or Fault.CutAnswers or Fault.HangRelay;
        var clients = Begin(first: 0, pause: TimeSpan.Zero);
        // And reads on the query service and Elasticsearch.
        var isOfElasticsearch = fault is Fault.KillElasticsearch or Fault.HangElasticsearch;
        var reader = new CrashReader(journal, it.Cluster, new Random(chances.Next()), mayFail: isOfElasticsearch || fault is Fault.KillQueryService, mayGoBack: isOfElasticsearch || rebuild || fault is Fault.KillRebuild);
        using var read = new CancellationTokenSource();
        var reading = reader.RunAsync(read.Token);
        await Eventually.TrueAsync("the load is on", () => journal.Commands.Values.Any(c => c.Receipt is not null) || clients.Any(c => c.IsCompleted));
        await reader.CatchesUpAsync(Limit);
        await Task.Delay(chances.Next(300));
        var rebuilding = rebuild ? it.Cluster.RunAsync("CommandService", "rebuild") : null;
        await it.ApplyAsync(fault, chances, () => reader.CatchesUpAsync(Limit));
        if (fault is Fault.KafkaAway && Away > TimeSpan.Zero)
        {
            // At full speed it would be a million commands to check.
            await EndAsync();
            over = false;
            clients = Begin(first: Clients, Pause);
            var away = Stopwatch.StartNew();
            for (var i = 0; away.Elapsed < Away; i++, await Task.Delay(Pause))
            {
                var written = await CrashClient.CreateAsync(journal, it.Cluster, $"fresh-{round}-{i}");
                Assert.Equal(written.Version, (await it.Cluster.GetAsync(written)).Version);
            }
        }
        await Task.Delay(Rest);
        // What stays broken until it is healed keeps writes from the index, or reads from answers; all else does so for a moment at most, also under load.
        if (fault is not (Fault.KillProjector or Fault.KillQueryService)) await reader.CatchesUpAsync(Limit);
        await EndAsync();
        await it.HealAsync();
        await reader.CatchesUpAsync(Limit);
        await read.CancelAsync();
        await reading;
        if (rebuilding is not null && await rebuilding is var (code, answer) && code != 0)
        {
            // Without Elasticsearch nothing can be built; what is left over must not be in the way of the next one.
            Assert.True(isOfElasticsearch, answer);
            it.LeftRebuild = true;
        }
        return reader;

        Task[] Begin(int first, TimeSpan pause) => Enumerable.Range(first, Clients).Select(number => Task.Run(new CrashClient(
            journal, [it.Cluster, it.Other], names, new Random(chances.Next()), round, number, () => mayFail, () => Volatile.Read(ref over), pause).RunAsync)).ToArray();

        Task EndAsync()
        {
            Volatile.Write(ref over, true);
            return Task.WhenAll(clients);
        }
    }

    private static Fault[] Shuffled(Fault[] kinds, Random chances)
    {
        var faults = kinds.ToArray();
        chances.Shuffle(faults);
        return faults;
    }

    private static bool IsSet(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 };

    private static int Setting(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? int.Parse(value, CultureInfo.InvariantCulture) : otherwise;
}
