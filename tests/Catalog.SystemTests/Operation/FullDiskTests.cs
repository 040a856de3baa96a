using Catalog.V1;
using Grpc.Core;

namespace Catalog.SystemTests;

/// <summary>A disk that runs full stops the commands and nothing else, until there is room again.</summary>
public sealed class FullDiskTests
{
    [Fact]
    public async Task Commands_are_refused_while_the_disk_is_full_and_go_on_by_themselves_with_nothing_lost()
    {
        using var folder = new TempFolder();
        using var mount = Tmpfs.Mount(folder.File("data"), "24m");
        var filler = Path.Combine(folder.File("data"), "filler");
        await using var catalog = await CatalogProcess.StartAsync(folder.File("data"));
        await File.WriteAllBytesAsync(filler, new byte[12 << 20]);
        List<CommandReceipt> receipts = [];

        var refused = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            for (var i = 0; i < 2000; i++) receipts.Add(await CreateAsync(catalog));
        });
        var error = refused.Is(StatusCode.Unavailable, ErrorReason.StoreUnavailable);
        Assert.Contains("full", error.Message, StringComparison.Ordinal);
        Assert.NotEmpty((await catalog.Reads().SearchProductsAsync(new SearchProductsRequest())).Results);

        File.Delete(filler);
        await Eventually.TrueAsync("commands go on", async () =>
        {
            try
            {
                receipts.Add(await CreateAsync(catalog));
                return true;
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.Unavailable)
            {
                return false;
            }
        });
        foreach (var receipt in receipts) await catalog.GetAsync(receipt);
        Assert.Equal(receipts.Count, (await catalog.Reads().SearchProductsAsync(new SearchProductsRequest())).TotalSize);
        await catalog.StopAsync();
    }

    private static async Task<CommandReceipt> CreateAsync(CatalogProcess catalog) =>
        await catalog.Writes().CreateProductAsync(TestProducts.Create(and: p => p.Description = new string((char)('a' + Random.Shared.Next(26)), 60_000)));
}
