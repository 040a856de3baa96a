using Catalog.V1;
using Grpc.Core;
using Microsoft.Data.Sqlite;

namespace Catalog.SystemTests;

/// <summary>The index can be lost in any way and at any time: it is built anew from the truth, and commands never notice.</summary>
public sealed class IndexLossTests : IDisposable
{
    private readonly TempFolder _folder = new();

    /// <inheritdoc />
    public void Dispose() => _folder.Dispose();

    [Fact]
    public Task Deleted_under_load() => UnderLoadAsync(() => Directory.Delete(_folder.Index(), recursive: true));

    [Fact]
    public Task Damaged_under_load() => UnderLoadAsync(_folder.DamageIndex);

    [Fact]
    public Task Emptied_under_load() => UnderLoadAsync(_folder.EmptyIndex);

    [Fact]
    public Task Deleted_at_start() => AtStartAsync(() => Directory.Delete(_folder.Index(), recursive: true));

    [Fact]
    public Task Damaged_at_start() => AtStartAsync(_folder.DamageIndex);

    [Fact]
    public Task Replaced_by_a_folder_of_nonsense_at_start() => AtStartAsync(() =>
    {
        Directory.Delete(_folder.Index(), recursive: true);
        Directory.CreateDirectory(_folder.Index());
        File.WriteAllText(Path.Combine(_folder.Index(), "products-20260101000000.db"), "");
        File.WriteAllText(Path.Combine(_folder.Index(), "products-20260102000000.db"), "nonsense");
        File.WriteAllText(Path.Combine(_folder.Index(), "readme"), "of somebody");
    });

    [Fact]
    public async Task Where_the_command_database_is_gone_that_is_said_and_the_index_is_kept()
    {
        await using (var catalog = await CatalogProcess.StartAsync(_folder.Path))
        {
            await catalog.GetAsync(await catalog.CreatedAsync());
            await catalog.StopAsync();
        }
        foreach (var file in Directory.EnumerateFiles(_folder.Path, "catalog.db*")) File.Delete(file);

        for (var start = 0; start < 2; start++)
        {
            await using var again = await CatalogProcess.StartAsync(_folder.Path);
            Assert.Equal(start == 0, again.Output.Any(line => line.Contains("Warning", StringComparison.Ordinal) && line.Contains("the verb restore", StringComparison.Ordinal)));
            await again.CreatedAsync();
            await CatchesUpAsync(again);
            await again.StopAsync();
        }
        using var kept = new SqliteConnection($"Data Source={Assert.Single(Directory.EnumerateFiles(_folder.Index(), "lost-*.db"))};Pooling=False");
        kept.Open();
        using var count = kept.CreateCommand();
        count.CommandText = "SELECT count(*) FROM docs";
        Assert.Equal(1L, count.ExecuteScalar());
    }

    private async Task UnderLoadAsync(Action lose)
    {
        await using var catalog = await CatalogProcess.StartAsync(_folder.Path);
        var kept = await catalog.CreatedAsync(title: "kept");
        var load = await Load.StartAsync(catalog, mayFail: IsRebuilding);
        lose();
        // Asked for again and again, because a process that reads what it has in memory notices the loss only when it uses the file.
        await load.GoOnAsync(40);
        await Eventually.TrueAsync("a new index serves", async () => Directory.Exists(_folder.Index()) && Directory.EnumerateFiles(_folder.Index(), "products-*.db").Any()
            && await IsReadAsync(catalog, kept));
        var refused = load.RefusedReads;
        await load.GoOnAsync(40);
        await load.StopAsync();
        Assert.True(load.Rounds > refused);
        await CatchesUpAsync(catalog);
        await catalog.StopAsync();

        await using var again = await CatalogProcess.StartAsync(_folder.Path);
        await CatchesUpAsync(again);
        Assert.Equal("kept", (await again.GetAsync(kept)).Title);
    }

    private async Task AtStartAsync(Action lose)
    {
        List<CommandReceipt> receipts = [];
        await using (var catalog = await CatalogProcess.StartAsync(_folder.Path))
        {
            for (var i = 0; i < 20; i++) receipts.Add(await catalog.CreatedAsync());
            receipts.Add(await catalog.Writes().DeleteProductAsync(new DeleteProductRequest { Name = receipts[0].Name }));
            await catalog.StopAsync();
        }
        lose();
        await using var again = await CatalogProcess.StartAsync(_folder.Path);
        await again.CreatedAsync();
        await CatchesUpAsync(again);
        foreach (var receipt in receipts.Skip(1).Take(19)) await again.GetAsync(receipt);
        var search = await again.Reads().SearchProductsAsync(new SearchProductsRequest { ConsistencyTokens = { receipts[^1].ConsistencyToken } });
        Assert.Equal(20, search.TotalSize);
    }

    private static async Task CatchesUpAsync(ICatalogUnderTest catalog) => await Eventually.TrueAsync("the index is current", async () =>
    {
        var status = await catalog.Reads().GetProjectionStatusAsync(new GetProjectionStatusRequest());
        return status is { Phase: ProjectionStatus.Types.Phase.Current, LagEvents: 0, DeadLetters: 0 };
    });

    private static async Task<bool> IsReadAsync(ICatalogUnderTest catalog, CommandReceipt receipt)
    {
        try
        {
            await catalog.GetAsync(receipt);
            return true;
        }
        catch (RpcException e) when (IsRebuilding(e))
        {
            return false;
        }
    }

    private static bool IsRebuilding(RpcException e)
    {
        var error = e.GetRpcStatus();
        var reason = error?.Detail<Google.Rpc.ErrorInfo>()?.Reason;
        return new[] { ErrorReason.IndexRebuilding, ErrorReason.IndexUnavailable }.Any(r => CatalogError.Name(r) == reason && error!.Is(StatusCode.Unavailable, r) is not null);
    }
}
