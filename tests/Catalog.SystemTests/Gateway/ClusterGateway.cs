namespace Catalog.SystemTests.Gateway;

/// <summary>The gateway in front of the three processes that the suites share, where there are servers for them.</summary>
public sealed class ClusterGateway(SharedCluster shared) : IAsyncLifetime
{
    private GatewayProcess? _gateway;

    /// <summary>The catalog behind the gateway; skips the test where there is no Envoy or no servers.</summary>
    public ICatalogUnderTest Catalog
    {
        get
        {
            ClusterProcesses.Servers();
            Chart.Tools();
            return _gateway!;
        }
    }

    /// <inheritdoc />
    public async ValueTask InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable("TEST_ENVOY") is { Length: > 0 } && Environment.GetEnvironmentVariable("TEST_HELM") is { Length: > 0 }
            && Environment.GetEnvironmentVariable("TEST_KAFKA") is { Length: > 0 } && Environment.GetEnvironmentVariable("TEST_ELASTICSEARCH") is { Length: > 0 })
            _gateway = await GatewayProcess.StartAsync(shared.Catalog);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_gateway is not null) await _gateway.DisposeAsync();
    }
}
