[assembly: AssemblyFixture(typeof(Catalog.SystemTests.SharedCatalog))]

namespace Catalog.SystemTests;

/// <summary>The process that all suites share. What a test writes has names of its own, so that none sees another's.</summary>
public sealed class SharedCatalog : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private CatalogProcess? _process;

    /// <summary>The process.</summary>
    public ICatalogUnderTest Catalog => _process!;

    /// <inheritdoc />
    public async ValueTask InitializeAsync() => _process = await CatalogProcess.StartAsync(_folder.Path, new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["Queries__WatchHeartbeat"] = "00:00:01",
        ["Queries__MaxTokenWait"] = "00:00:02",
    });

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        _folder.Dispose();
    }
}
