namespace Catalog.SystemTests.Gateway;

/// <summary>The gateway in front of the one process that all suites share.</summary>
public sealed class StandaloneGateway(SharedCatalog shared) : IAsyncLifetime
{
    private GatewayProcess? _gateway;

    /// <summary>The catalog behind the gateway; skips the test where there is no Envoy.</summary>
    public ICatalogUnderTest Catalog
    {
        get
        {
            Chart.Tools();
            return _gateway!;
        }
    }

    /// <inheritdoc />
    public async ValueTask InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable("TEST_ENVOY") is { Length: > 0 } && Environment.GetEnvironmentVariable("TEST_HELM") is { Length: > 0 })
            _gateway = await GatewayProcess.StartAsync(shared.Catalog);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_gateway is not null) await _gateway.DisposeAsync();
    }
}
