using System.Text.Json;
using System.Text.Json.Nodes;
using Grpc.Net.Client;

namespace Catalog.SystemTests.Gateway;

/// <summary>A real Envoy with the configuration that the chart gives it, in front of services that run elsewhere.</summary>
internal sealed class GatewayProcess : ICatalogUnderTest, IAsyncDisposable
{
    private readonly TempFolder _folder = new();
    private HostProcess _envoy = null!;

    private GatewayProcess(IReadOnlyList<Uri> hosts) => Hosts = hosts;

    /// <inheritdoc />
    public GrpcChannel Commands { get; private set; } = null!;

    /// <inheritdoc />
    public GrpcChannel Queries => Commands;

    /// <inheritdoc />
    public HttpClient Rest { get; private set; } = null!;

    /// <inheritdoc />
    public IReadOnlyList<Uri> Hosts { get; }

    /// <summary>Where clients come in.</summary>
    public Uri Address { get; private set; } = null!;

    /// <summary>Where kubelet and Prometheus come in.</summary>
    public Uri Probes { get; private set; } = null!;

    /// <summary>The port of Envoy's console.</summary>
    public int AdminPort { get; private set; }

    /// <summary>Envoy.</summary>
    public HostProcess Process => _envoy;

    /// <summary>The folder of its files.</summary>
    public string Folder => _folder.Path;

    /// <summary>Starts it in front of a catalog.</summary>
    /// <param name="catalog">Where its services are.</param>
    /// <param name="gateway">What differs from the section <c>gateway</c> of the chart's values.</param>
    public static Task<GatewayProcess> StartAsync(ICatalogUnderTest catalog, object? gateway = null) =>
        StartAsync([catalog.Commands.Target], [catalog.Queries.Target], gateway, catalog.Hosts);

    /// <summary>Starts it in front of services.</summary>
    /// <param name="commands">Where command services are: host and port.</param>
    /// <param name="queries">Where query services are.</param>
    /// <param name="gateway">What differs from the section <c>gateway</c> of the chart's values.</param>
    /// <param name="hosts">The port for health and metrics of each process.</param>
    public static async Task<GatewayProcess> StartAsync(IEnumerable<string> commands, IEnumerable<string> queries, object? gateway = null, IReadOnlyList<Uri>? hosts = null)
    {
        var (envoy, _) = Chart.Tools();
        var process = new GatewayProcess(hosts ?? []);
        try
        {
            await process.BeginAsync(envoy, commands, queries, gateway);
            return process;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>A number that Envoy counts.</summary>
    public async Task<long> StatAsync(string name)
    {
        var text = await Rest.GetStringAsync(new Uri($"http://127.0.0.1:{AdminPort}/stats?filter=^{Uri.EscapeDataString(name)}$"));
        return text.Length == 0 ? 0 : long.Parse(text.Split(": ")[1], System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        Commands?.Dispose();
        Rest?.Dispose();
        if (_envoy is not null) await _envoy.DisposeAsync();
        _folder.Dispose();
    }

    private async Task BeginAsync(string envoy, IEnumerable<string> commands, IEnumerable<string> queries, object? gateway)
    {
        var (port, probes) = (ServerProcess.FreePorts(1), ServerProcess.FreePorts(1));
        AdminPort = ServerProcess.FreePorts(1);
        var values = JsonSerializer.SerializeToNode(gateway ?? new { })!.AsObject();
        values["listener"] = new JsonObject { ["address"] = "127.0.0.1", ["port"] = port };
        values["probes"] = new JsonObject { ["address"] = "127.0.0.1", ["port"] = probes };
        values["admin"] = new JsonObject { ["port"] = AdminPort };
        values["backends"] = new JsonObject { ["commands"] = Backends(commands), ["queries"] = Backends(queries) };
        var file = await Chart.WriteFilesAsync(values, _folder);
        _envoy = new HostProcess([envoy, "--config-path", file, "--concurrency", "2", "--log-level", "warning", "--drain-time-s", "5", "--drain-strategy", "immediate", "--disable-hot-restart"]);
        (Address, Probes) = (new Uri($"http://127.0.0.1:{port}"), new Uri($"http://127.0.0.1:{probes}"));
        Commands = CatalogProcess.Connect(Address);
        Rest = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(60) };
        await Eventually.TrueAsync($"Envoy is ready ({string.Join('\n', _envoy.Errors)})", IsReadyAsync);
    }

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            using var answer = await Rest.GetAsync(new Uri(Probes, "/healthz/ready"));
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static JsonArray Backends(IEnumerable<string> targets) =>
        [.. targets.Select(t => new JsonObject { ["host"] = t.Split(':')[0], ["port"] = int.Parse(t.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture) })];
}
