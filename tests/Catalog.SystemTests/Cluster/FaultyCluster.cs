using Catalog.SystemTests.Gateway;
using Grpc.Net.Client;

namespace Catalog.SystemTests;

/// <summary>The distributed shape with servers of its own and two command services on one database, and ways to break each part.</summary>
internal sealed class FaultyCluster : IAsyncDisposable
{
    /// <summary>When the relay gives the queue up. Short, so that the tests are.</summary>
    public static readonly TimeSpan FallbackAfter = TimeSpan.FromSeconds(2);

    // A rebuild that was killed keeps the next one away for a minute.
    private static readonly TimeSpan NextRebuild = TimeSpan.FromSeconds(90);

    private readonly TempFolder _folder;
    private readonly ServerProcess[] _brokers;
    private readonly ServerProcess _elasticsearch;
    private HostProcess _secondCommand = null!;
    private Wire? _wire;
    private Func<Task> _heal = () => Task.CompletedTask;

    private FaultyCluster(TempFolder folder, ServerProcess[] brokers, ServerProcess elasticsearch) => (_folder, _brokers, _elasticsearch) = (folder, brokers, elasticsearch);

    /// <summary>The cluster by its first command service.</summary>
    public ClusterProcesses Cluster { get; private set; } = null!;

    /// <summary>The same by its second one, over a wire that can be cut.</summary>
    public ICatalogUnderTest Other { get; private set; } = null!;

    /// <summary>Whether a rebuild was killed, or failed, and may keep the next one away.</summary>
    public bool LeftRebuild { get; set; }

    /// <summary>Starts it with one broker, or with three that replicate.</summary>
    public static async Task<FaultyCluster> StartAsync(int brokers = 1)
    {
        ServerProcess.SkipWithoutPrograms();
        var (kafkaPort, elasticsearchPort) = (ServerProcess.FreePorts(2 * brokers), ServerProcess.FreePorts(2));
        var folder = new TempFolder();
        var it = new FaultyCluster(folder, [.. Enumerable.Range(1, brokers).Select(node => ServerProcess.Kafka(kafkaPort, folder.File($"kafka-{node}"), node, brokers))], ServerProcess.Elasticsearch(elasticsearchPort, folder.File("elasticsearch")));
        try
        {
            await Task.WhenAll(it._brokers.Append(it._elasticsearch).Select(s => s.ReadyAsync()));
            it.Cluster = await ClusterProcesses.StartAsync(string.Join(',', Enumerable.Range(0, brokers).Select(i => $"127.0.0.1:{kafkaPort + 2 * i}")), $"http://127.0.0.1:{elasticsearchPort}", new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["Kafka__ReplicationFactor"] = $"{brokers}", ["Kafka__MinInSyncReplicas"] = $"{Math.Max(1, brokers - 1)}",
                ["Relay__FallbackAfter"] = FallbackAfter.ToString(), ["Relay__LeaseDuration"] = "00:00:02", ["Relay__LeaseRenewal"] = "00:00:00.3",
            });
            await it.StartSecondAsync();
            return it;
        }
        catch
        {
            await it.DisposeAsync();
            throw;
        }
    }

    /// <summary>Breaks something, and leaves it broken for a while.</summary>
    /// <param name="fault">What.</param>
    /// <param name="chances">Its chances.</param>
    /// <param name="catchUp">Waits until reads have caught up with what was written, where they must while it is broken; nothing if it is left out.</param>
    public async Task ApplyAsync(FaultTests.Fault fault, Random chances, Func<Task>? catchUp = null)
    {
        var broker = _brokers[chances.Next(_brokers.Length)];
        switch (fault)
        {
            case FaultTests.Fault.KillCommandService:
                await KillCommandServiceAsync(chances);
                break;
            case FaultTests.Fault.CutAnswers:
                for (var cuts = chances.Next(3, 8); cuts > 0; cuts--) await CutAnswersAsync(chances);
                break;
            case FaultTests.Fault.HangRelay:
                var isFirst = await IsFirstRelayingAsync();
                var (relaying, taker) = isFirst ? (Cluster.Command, Other) : (_secondCommand, Cluster);
                // On SQLite it may hang with the file's lock in its hands; then nobody can do anything, and it goes on and hangs again.
                await Eventually.TrueAsync("another relay took over", async () =>
                {
                    relaying.Suspend();
                    for (var until = DateTime.UtcNow.AddSeconds(5); DateTime.UtcNow < until; await Task.Delay(50))
                        if (await IsRelayingAsync(taker)) return true;
                    relaying.Resume();
                    await Task.Delay(50);
                    return false;
                }, TimeSpan.FromMinutes(2));
                relaying.Resume();
                break;
            case FaultTests.Fault.KillProjector:
                await Cluster.Projector.KillAsync();
                _heal = () => Cluster.ReplaceAsync(projector: Cluster.Begin("Projector"));
                break;
            case FaultTests.Fault.KillQueryService:
                await Cluster.Query.KillAsync();
                _heal = () => Cluster.ReplaceAsync(query: Cluster.Begin("QueryService"));
                break;
            case FaultTests.Fault.KillKafka:
                await RestartAsync(broker);
                break;
            case FaultTests.Fault.HangKafka:
                await HangAsync(broker, chances, catchUp);
                break;
            case FaultTests.Fault.KafkaAway:
                await KillKafkaAsync();
                await Eventually.TrueAsync("direct sync is on", async () => (await Cluster.Reads().GetProjectionStatusAsync(new())).DirectSync);
                _heal = StartKafkaAgainAsync;
                break;
            case FaultTests.Fault.KillElasticsearch:
                await RestartAsync(_elasticsearch);
                break;
            case FaultTests.Fault.HangElasticsearch:
                await HangAsync(_elasticsearch, chances, null);
                break;
            case FaultTests.Fault.KillRebuild:
                await KillRebuildAsync(chances);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(fault));
        }
    }

    /// <summary>Puts what is broken in order again.</summary>
    public async Task HealAsync()
    {
        await _heal();
        _heal = () => Task.CompletedTask;
    }

    /// <summary>Where a rebuild was killed, the next one does its work; then nothing keeps another away.</summary>
    public async Task FinishRebuildAsync()
    {
        if (!LeftRebuild) return;
        await Eventually.NothingMissingAsync("the next rebuild succeeds", async () =>
        {
            var (code, said) = await Cluster.RunAsync("CommandService", "rebuild");
            if (code == 0) return null;
            Assert.Contains("If it was killed, try again in", said, StringComparison.Ordinal);
            await Task.Delay(TimeSpan.FromSeconds(2));
            return said;
        }, NextRebuild);
        LeftRebuild = false;
    }

    /// <summary>Kills all brokers.</summary>
    public Task KillKafkaAsync() => Task.WhenAll(_brokers.Select(b => b.KillAsync()));

    /// <summary>Starts all brokers again.</summary>
    public Task StartKafkaAgainAsync() => Task.WhenAll(_brokers.Select(b => b.StartAgainAsync()));

    /// <summary>The last words of each process.</summary>
    public string Logs() => string.Join('\n', Cluster.Processes.SelectMany(p => p.Output.TakeLast(8).Concat(p.Errors.TakeLast(3))).Select(line => line.Length > 400 ? line[..400] : line));

    public async ValueTask DisposeAsync()
    {
        Other?.Commands.Dispose();
        if (_wire is not null) await _wire.DisposeAsync();
        if (Cluster is not null) await Cluster.DisposeAsync();
        foreach (var broker in _brokers) await broker.DisposeAsync();
        await _elasticsearch.DisposeAsync();
        _folder.Dispose();
    }

    private static async Task RestartAsync(ServerProcess server)
    {
        await server.KillAsync();
        await server.StartAgainAsync();
    }

    // Now and then for longer than anybody waits for an answer.
    private static async Task HangAsync(ServerProcess server, Random chances, Func<Task>? catchUp)
    {
        server.Suspend();
        if (chances.Next(4) > 0) await Task.Delay(TimeSpan.FromSeconds(1));
        else await Task.WhenAll(Task.Delay(TimeSpan.FromSeconds(15)), catchUp?.Invoke() ?? Task.CompletedTask);
        server.Resume();
    }

    // Mostly the one that relays; the other one takes over then.
    private async Task KillCommandServiceAsync(Random chances)
    {
        var isFirstRelaying = await IsFirstRelayingAsync();
        var isFirst = chances.Next(4) == 0 ? !isFirstRelaying : isFirstRelaying;
        await (isFirst ? Cluster.Command : _secondCommand).KillAsync();
        _heal = isFirst ? () => Cluster.ReplaceAsync(command: Cluster.Begin("CommandService")) : StartSecondAsync;
        await Eventually.TrueAsync("the other one relays", () => IsRelayingAsync(isFirst ? Other : Cluster));
    }

    // What is committed meanwhile nobody is told. In between, connections may begin that lack what was held.
    private async Task CutAnswersAsync(Random chances)
    {
        await Task.Delay(chances.Next(300));
        _wire!.HoldsAnswers = true;
        await Task.Delay(chances.Next(100, 300));
        _wire.Cut();
        _wire.HoldsAnswers = false;
        _wire.Cut();
    }

    // Small catalogs are built in a moment, and what is killed soon after the swap has not caught up.
    private async Task KillRebuildAsync(Random chances)
    {
        LeftRebuild = true;
        var rebuild = Cluster.BeginVerb("CommandService", "rebuild");
        var (sign, within) = chances.Next(3) switch { 0 => ("Building the index anew", 500), 1 => ("Building the index anew", 5_000), _ => ("serves now, in the place of", 30) };
        await Eventually.TrueAsync("the rebuild is at work", () => rebuild.Errors.Any(l => l.Contains(sign, StringComparison.Ordinal)), TimeSpan.FromMinutes(5));
        await Task.Delay(chances.Next(within));
        await rebuild.KillAsync();
    }

    private async Task<bool> IsFirstRelayingAsync()
    {
        var isFirst = false;
        await Eventually.TrueAsync("one of them relays", async () => (isFirst = await IsRelayingAsync(Cluster)) || await IsRelayingAsync(Other));
        return isFirst;
    }

    private static async Task<bool> IsRelayingAsync(ICatalogUnderTest catalog) =>
        (await catalog.Rest.GetStringAsync(new Uri(catalog.Hosts[0], "/metrics"))).Split('\n').Any(l => l.StartsWith("catalog_relay_active", StringComparison.Ordinal) && l.Contains(" 1", StringComparison.Ordinal));

    private async Task StartSecondAsync()
    {
        _secondCommand = Cluster.Begin("CommandService");
        var (grpc, http) = await _secondCommand.ListeningAsync();
        _wire ??= new Wire(grpc.Authority);
        _wire.Target = grpc.Authority;
        Other = new SecondCommandService(Cluster, Other?.Commands ?? CatalogProcess.Connect(new Uri($"http://{_wire.Address}")), http);
        await ClusterProcesses.ReadyAsync(http, _secondCommand);
    }

    private sealed class SecondCommandService(ClusterProcesses cluster, GrpcChannel commands, Uri http) : ICatalogUnderTest
    {
        public GrpcChannel Commands => commands;

        public GrpcChannel Queries => cluster.Queries;

        public HttpClient Rest => cluster.Rest;

        public IReadOnlyList<Uri> Hosts => [http];
    }
}
