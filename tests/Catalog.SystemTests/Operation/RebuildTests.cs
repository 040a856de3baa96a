using Catalog.V1;

namespace Catalog.SystemTests;

/// <summary><c>catalog rebuild</c> while the catalog serves (G8).</summary>
public sealed class RebuildTests : IDisposable
{
    private readonly TempFolder _folder = new();

    /// <inheritdoc />
    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Under_load_no_read_fails_or_goes_stale_and_no_write_is_missed()
    {
        await using var catalog = await CatalogProcess.StartAsync(_folder.Path);
        await FillAsync(catalog, 3000);
        var before = Directory.GetFiles(_folder.Index(), "products-*.db");
        var load = await Load.StartAsync(catalog);

        var (code, output) = await CatalogProcess.RunAsync("rebuild", "--data", _folder.Path);

        Assert.Equal((0, "The new index serves.\n"), (code, output));
        await load.GoOnAsync(20);
        await load.StopAsync();
        await Eventually.TrueAsync("the old index is gone", () => Directory.GetFiles(_folder.Index(), "products-*.db") is [var one] && !before.Contains(one, StringComparer.Ordinal));
        var marker = await catalog.CreatedAsync();
        Assert.Equal(3000 + 4 + 1, (await catalog.Reads().SearchProductsAsync(new SearchProductsRequest { ConsistencyTokens = { marker.ConsistencyToken } })).TotalSize);
    }

    [Fact]
    public async Task Two_at_once_are_one_or_one_is_refused()
    {
        await using var catalog = await CatalogProcess.StartAsync(_folder.Path);
        await FillAsync(catalog, 2000);
        var both = await Task.WhenAll(CatalogProcess.RunAsync("rebuild", "--data", _folder.Path), CatalogProcess.RunAsync("rebuild", "--data", _folder.Path));
        Assert.Contains(both, b => b.Code == 0);
        Assert.All(both, b => Assert.True(b is (0, "The new index serves.\n") or (1, "An index is being built already.\n"), b.Output));
        await catalog.GetAsync(await catalog.CreatedAsync());
    }

    [Fact]
    public async Task Killed_in_the_middle_the_old_index_serves_on()
    {
        await using (var catalog = await CatalogProcess.StartAsync(_folder.Path))
        {
            await FillAsync(catalog, 3000);
            var rebuild = CatalogProcess.RunAsync("rebuild", "--data", _folder.Path);
            await Eventually.TrueAsync("a second index is begun", () => Directory.GetFiles(_folder.Index(), "products-*.db").Length == 2 || rebuild.IsCompleted);
            await catalog.KillAsync();
            await rebuild;
        }
        await using var again = await CatalogProcess.StartAsync(_folder.Path);
        var marker = await again.CreatedAsync();
        Assert.Equal(3001, (await again.Reads().SearchProductsAsync(new SearchProductsRequest { ConsistencyTokens = { marker.ConsistencyToken } })).TotalSize);
        await Eventually.TrueAsync("what was half built is gone", () => Directory.GetFiles(_folder.Index(), "products-*.db").Length == 1);
    }

    private static async Task FillAsync(ICatalogUnderTest catalog, int count)
    {
        for (var i = 0; i < count; i += 1000)
            await catalog.Writes().BatchWriteProductsAsync(new BatchWriteProductsRequest { Commands = { Enumerable.Range(i, 1000).Select(_ => new WriteCommand { Create = TestProducts.Create() }) } });
    }
}
