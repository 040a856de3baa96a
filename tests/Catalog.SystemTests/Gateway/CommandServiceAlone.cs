using Catalog.V1;

namespace Catalog.SystemTests.Gateway;

/// <summary>A command service of the distributed shape that has its database and nothing else, which is enough to take commands.</summary>
internal sealed class CommandServiceAlone : IAsyncDisposable
{
    private readonly TempFolder _folder;
    private readonly HostProcess _process;

    private CommandServiceAlone(TempFolder folder, HostProcess process) => (_folder, _process) = (folder, process);

    /// <summary>Where it is: host and port.</summary>
    public string Target { get; private set; } = "";

    public static async Task<CommandServiceAlone> StartAsync(TempFolder folder)
    {
        var executable = HostProcess.Metadata("CommandServiceExecutable");
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["CommandDatabase__Provider"] = "Sqlite", ["CommandDatabase__Path"] = folder.Database(), ["Commands__ActorHeader"] = "x-catalog-actor",
            ["Kafka__BootstrapServers"] = $"127.0.0.1:{ServerProcess.FreePorts(1)}", ["Elasticsearch__Url"] = $"http://127.0.0.1:{ServerProcess.FreePorts(1)}",
        };
        var (code, output) = await HostProcess.RunAsync([executable, "migrate"], settings);
        Assert.True(code == 0, output);
        var service = new CommandServiceAlone(folder, new HostProcess([executable, "--urls", "http://127.0.0.1:0;http://127.0.0.1:0"], settings));
        service.Target = (await service._process.ListeningAsync()).Grpc.Authority;
        return service;
    }

    /// <summary>Whom the last event names.</summary>
    public string LastActor() => ProductEvent.Parser.ParseFrom(_folder.Read<byte[]>("SELECT body FROM events ORDER BY position DESC LIMIT 1")).Actor;

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
