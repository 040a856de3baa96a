[assembly: AssemblyFixture(typeof(Catalog.SystemTests.SharedCluster))]

namespace Catalog.SystemTests;

/// <summary>The three processes that the suites share, where there are servers for them.</summary>
public sealed class SharedCluster : IAsyncLifetime
{
    private ClusterProcesses? _cluster;

    /// <summary>The processes; skips the test where there are none.</summary>
    public ICatalogUnderTest Catalog
    {
        get
        {
            ClusterProcesses.Servers();
            return _cluster!;
        }
    }

    /// <inheritdoc />
    public async ValueTask InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable("TEST_KAFKA") is { Length: > 0 } kafka && Environment.GetEnvironmentVariable("TEST_ELASTICSEARCH") is { Length: > 0 } elasticsearch)
            _cluster = await ClusterProcesses.StartAsync(kafka, elasticsearch);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_cluster is not null) await _cluster.DisposeAsync();
    }
}
