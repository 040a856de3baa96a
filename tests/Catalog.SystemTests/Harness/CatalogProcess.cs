using Grpc.Net.Client;

namespace Catalog.SystemTests;

/// <summary>A real <c>catalog</c> process on a folder, on free ports.</summary>
public sealed class CatalogProcess : ICatalogUnderTest, IAsyncDisposable
{
    private readonly HostProcess _host;
    private GrpcChannel? _channel;
    private HttpClient? _rest;

    private CatalogProcess(HostProcess host) => _host = host;

    /// <summary>The executable, as it was built beside the tests.</summary>
    public static string Executable { get; } = HostProcess.Metadata("CatalogExecutable");

    /// <summary>The root of the repository.</summary>
    public static string Repository { get; } = HostProcess.Metadata("RepositoryRoot");

    /// <summary>The process id.</summary>
    public int Id => _host.Id;

    /// <summary>The address of gRPC.</summary>
    public Uri Grpc { get; private set; } = null!;

    /// <summary>What it wrote to its log, a JSON line each.</summary>
    public IReadOnlyCollection<string> Output => _host.Output;

    /// <summary>What it wrote to the standard error.</summary>
    public IReadOnlyCollection<string> Errors => _host.Errors;

    /// <inheritdoc />
    public GrpcChannel Commands => _channel!;

    /// <inheritdoc />
    public GrpcChannel Queries => _channel!;

    /// <inheritdoc />
    public HttpClient Rest => _rest!;

    /// <inheritdoc />
    public IReadOnlyList<Uri> Hosts => [_rest!.BaseAddress!];

    /// <summary>Starts it and waits until it listens.</summary>
    /// <param name="folder">The data folder.</param>
    /// <param name="settings">Environment variables.</param>
    /// <param name="wrapper">A program that starts it, with its arguments.</param>
    public static async Task<CatalogProcess> StartAsync(string folder, IReadOnlyDictionary<string, string>? settings = null, params string[] wrapper)
    {
        var catalog = Begin(folder, "http://127.0.0.1:0;http://127.0.0.1:0", settings, wrapper);
        (catalog.Grpc, var rest) = await catalog._host.ListeningAsync();
        catalog._channel = Connect(catalog.Grpc);
        catalog._rest = new HttpClient { BaseAddress = rest, Timeout = TimeSpan.FromSeconds(60) };
        return catalog;
    }

    /// <summary>Starts it where it is expected not to come up.</summary>
    public static CatalogProcess Begin(string folder, string urls, IReadOnlyDictionary<string, string>? settings = null, params string[] wrapper) =>
        new(new HostProcess([.. wrapper, Executable, "--data", folder, "--urls", urls], settings));

    /// <summary>A channel that takes and sends messages of any size, so that limits are the service's own.</summary>
    public static GrpcChannel Connect(Uri address) => GrpcChannel.ForAddress(address, new GrpcChannelOptions
    {
        MaxReceiveMessageSize = null,
        MaxSendMessageSize = null,
        HttpHandler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true },
        DisposeHttpClient = true,
    });

    /// <summary>Runs another verb of the executable to its end.</summary>
    public static Task<(int Code, string Output)> RunAsync(params string[] arguments) => HostProcess.RunAsync([Executable, .. arguments]);

    /// <summary>SIGKILL, as a crash.</summary>
    public Task KillAsync() => _host.KillAsync();

    /// <summary>SIGTERM, as a supervisor sends it.</summary>
    public void Terminate() => _host.Terminate();

    /// <summary>Waits for its end.</summary>
    /// <returns>The exit code.</returns>
    public Task<int> WaitForExitAsync(TimeSpan within) => _host.WaitForExitAsync(within);

    /// <summary>SIGTERM, and its end.</summary>
    public Task StopAsync() => _host.StopAsync();

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        _channel?.Dispose();
        _rest?.Dispose();
        return _host.DisposeAsync();
    }
}
