using Catalog.V1;
using Grpc.Net.Client;

namespace Catalog.SystemTests;

/// <summary>
/// The distributed shape: command service, projector and query service as processes of their own, on a real Kafka and a real Elasticsearch, and on SQLite, or SQL Server where
/// <c>TEST_SQLSERVER</c> names one. Topic, group and alias are its own, so that many share the servers.
/// </summary>
internal sealed class ClusterProcesses : ICatalogUnderTest, IAsyncDisposable
{
    private const string AnyPorts = "http://127.0.0.1:0;http://127.0.0.1:0";

    private readonly Dictionary<string, string> _settings;
    private readonly List<HostProcess> _processes = [];

    private ClusterProcesses(string kafka, string elasticsearch, IReadOnlyDictionary<string, string>? settings)
    {
        var name = $"t{Guid.NewGuid():n}";
        _settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Kafka__BootstrapServers"] = kafka,
            ["Kafka__Topic"] = $"{name}.events",
            ["Kafka__Group"] = name,
            ["Kafka__Partitions"] = "4",
            ["Kafka__ReplicationFactor"] = "1",
            ["Kafka__MinInSyncReplicas"] = "1",
            ["Elasticsearch__Url"] = elasticsearch,
            ["Elasticsearch__Alias"] = name,
            ["Elasticsearch__Replicas"] = "0",
            ["Queries__WatchHeartbeat"] = "00:00:01",
        };
        if (Environment.GetEnvironmentVariable("TEST_SQLSERVER") is { Length: > 0 } server)
            (_settings["CommandDatabase__ConnectionString"], _settings["CommandDatabase__Schema"]) = (server, name);
        else (_settings["CommandDatabase__Provider"], _settings["CommandDatabase__Path"]) = ("Sqlite", Folder.File("catalog.db"));
        foreach (var (key, value) in settings ?? new Dictionary<string, string>()) _settings[key] = value;
    }

    /// <inheritdoc />
    public GrpcChannel Commands { get; private set; } = null!;

    /// <inheritdoc />
    public GrpcChannel Queries { get; private set; } = null!;

    /// <inheritdoc />
    public HttpClient Rest { get; private set; } = null!;

    /// <inheritdoc />
    public IReadOnlyList<Uri> Hosts { get; private set; } = [];

    /// <summary>Where the command database is, unless that is a SQL Server.</summary>
    public TempFolder Folder { get; } = new();

    /// <summary>Everything that was started.</summary>
    public IReadOnlyList<HostProcess> Processes
    {
        get
        {
            lock (_processes) return [.. _processes];
        }
    }

    /// <summary>The settings of all processes.</summary>
    public IReadOnlyDictionary<string, string> Settings => _settings;

    public HostProcess Command { get; private set; } = null!;

    public HostProcess Projector { get; private set; } = null!;

    public HostProcess Query { get; private set; } = null!;

    /// <summary>Where the servers are; the test is skipped where they are not named.</summary>
    public static (string Kafka, string Elasticsearch) Servers()
    {
        var (kafka, elasticsearch) = (Environment.GetEnvironmentVariable("TEST_KAFKA"), Environment.GetEnvironmentVariable("TEST_ELASTICSEARCH"));
        Assert.SkipWhen(string.IsNullOrEmpty(kafka) || string.IsNullOrEmpty(elasticsearch), "TEST_KAFKA and TEST_ELASTICSEARCH name no servers.");
        return (kafka, elasticsearch);
    }

    /// <summary>Installs it as a cluster would, and starts one of each process.</summary>
    public static async Task<ClusterProcesses> StartAsync(string kafka, string elasticsearch, IReadOnlyDictionary<string, string>? settings = null)
    {
        var cluster = new ClusterProcesses(kafka, elasticsearch, settings);
        try
        {
            await cluster.InstallAsync();
            cluster.BeginAll();
            await cluster.ConnectAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Its settings and its folder, and nothing that runs.</summary>
    public static ClusterProcesses WithoutProcesses(string kafka, string elasticsearch, IReadOnlyDictionary<string, string>? settings = null) => new(kafka, elasticsearch, settings);

    /// <summary>Starts one of each process where no servers are yet.</summary>
    public static ClusterProcesses BeginWithoutServers(string kafka, string elasticsearch)
    {
        var cluster = new ClusterProcesses(kafka, elasticsearch, null);
        cluster.BeginAll();
        return cluster;
    }

    /// <summary>Makes topics, tables and the first index, as the jobs of an installation do.</summary>
    public async Task InstallAsync()
    {
        await Task.WhenAll(OkAsync("Projector", "topics"), OkAsync("CommandService", "migrate"));
        await OkAsync("CommandService", "rebuild", "--if-missing");
    }

    /// <summary>Starts one more process.</summary>
    /// <param name="host">Which: the name of its project.</param>
    /// <param name="urls">Where it listens.</param>
    public HostProcess Begin(string host, string urls = AnyPorts) => BeginVerb(host, "--urls", urls);

    /// <summary>Starts a verb.</summary>
    public HostProcess BeginVerb(string host, params string[] verb)
    {
        var process = new HostProcess([Executable(host), .. verb], _settings);
        lock (_processes) _processes.Add(process);
        return process;
    }

    /// <summary>Runs a verb to its end.</summary>
    public Task<(int Code, string Output)> RunAsync(string host, params string[] verb) => HostProcess.RunAsync([Executable(host), .. verb], _settings);

    /// <summary>Puts processes in the places of the ones that clients used.</summary>
    public async Task ReplaceAsync(HostProcess? command = null, HostProcess? projector = null, HostProcess? query = null)
    {
        (Command, Projector, Query) = (command ?? Command, projector ?? Projector, query ?? Query);
        await ConnectAsync();
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        Disconnect();
        foreach (var process in _processes) await process.DisposeAsync();
        await LeaveNothingAsync();
        Folder.Dispose();
    }

    private static string Executable(string host) => HostProcess.Metadata($"{host}Executable");

    private void BeginAll() => (Command, Projector, Query) = (Begin("CommandService"), Begin("Projector"), Begin("QueryService"));

    private async Task OkAsync(string host, params string[] verb)
    {
        var (code, output) = await RunAsync(host, verb);
        Assert.True(code == 0, $"{host} {string.Join(' ', verb)}: {output}");
    }

    private async Task ConnectAsync()
    {
        var (command, projector, query) = (await Command.ListeningAsync(), await Projector.ListeningAsync(), await Query.ListeningAsync());
        (Commands, Queries) = (Connect(Commands, command.Grpc), Connect(Queries, query.Grpc));
        Rest?.Dispose();
        Rest = new HttpClient(new RestRoutes(command.Http, query.Http)) { BaseAddress = command.Http, Timeout = TimeSpan.FromSeconds(60) };
        Hosts = [command.Http, projector.Http, query.Http];
        foreach (var (host, process) in Hosts.Zip([Command, Projector, Query])) await ReadyAsync(host, process);
    }

    /// <summary>Waits until a process is ready.</summary>
    public static async Task ReadyAsync(Uri host, HostProcess process)
    {
        using var http = new HttpClient();
        try
        {
            await Eventually.TrueAsync($"{host} is ready", async () =>
            {
                using var answer = await http.GetAsync(new Uri(host, "/healthz/ready"));
                return answer.IsSuccessStatusCode;
            });
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{e.Message}\n{string.Join('\n', process.Output.Concat(process.Errors).TakeLast(20))}", e);
        }
    }

    // Who calls a process that was not replaced goes on.
    private static GrpcChannel Connect(GrpcChannel? channel, Uri address)
    {
        if (channel?.Target == address.Authority) return channel;
        channel?.Dispose();
        return CatalogProcess.Connect(address);
    }

    private void Disconnect()
    {
        Commands?.Dispose();
        Queries?.Dispose();
        Rest?.Dispose();
    }

    private async Task LeaveNothingAsync()
    {
        if (!Uri.TryCreate(_settings["Elasticsearch__Url"], UriKind.Absolute, out var elasticsearch)) return;
        using var http = new HttpClient { BaseAddress = elasticsearch, Timeout = TimeSpan.FromSeconds(10) };
        try
        {
            var indices = await http.GetStringAsync(new Uri($"/_cat/indices/{_settings["Elasticsearch__Alias"]}-*?h=index", UriKind.Relative));
            foreach (var index in indices.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
                using (await http.DeleteAsync(new Uri($"/{index}", UriKind.Relative))) { }
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            // The test has ended the server itself.
        }
    }

    /// <summary>Sends commands to the one process and queries to the other, as a gateway does by the annotations of the contract.</summary>
    private sealed class RestRoutes(Uri commands, Uri queries) : DelegatingHandler(new SocketsHttpHandler())
    {
        private static readonly string[] Reads = [":search", ":suggest", ":batchGet", ":watch"];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var uri = request.RequestUri!;
            if (uri.Authority == commands.Authority && IsRead(request.Method, uri.AbsolutePath)) request.RequestUri = new Uri(queries, uri.PathAndQuery);
            return base.SendAsync(request, cancellationToken);
        }

        private static bool IsRead(HttpMethod method, string path) =>
            path.StartsWith($"/{ProductQueryService.Descriptor.FullName}/", StringComparison.Ordinal)
            || (path.StartsWith("/v1/", StringComparison.Ordinal) && (method == HttpMethod.Get || Reads.Any(r => path.EndsWith(r, StringComparison.Ordinal))));
    }
}
