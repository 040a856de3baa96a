using Catalog.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Catalog.SystemTests;

/// <summary>What outlives a process, and what a restored or trimmed log means to those who remember more of it.</summary>
public sealed class RestartTests : IDisposable
{
    private readonly TempFolder _folder = new();

    /// <inheritdoc />
    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Receipts_are_the_same_after_a_kill()
    {
        var create = TestProducts.Create();
        IMessage[] commands =
        [
            create, new AdjustStockRequest { Name = TestProducts.Name(create.ProductId), Delta = 2, Reason = "once", RequestId = "once" },
            new DeleteProductRequest { Name = TestProducts.Name(create.ProductId), RequestId = "last" },
        ];
        List<CommandReceipt> first = [], second = [];
        await using (var catalog = await CatalogProcess.StartAsync(_folder.Path))
        {
            foreach (var command in commands) first.Add((await catalog.CallAsync(Via.Grpc, command)).Receipt());
            await catalog.KillAsync();
        }
        await using var again = await CatalogProcess.StartAsync(_folder.Path);
        foreach (var command in commands) second.Add((await again.CallAsync(Via.Rest, command)).Receipt());
        Assert.Equal(first, second);
    }

    [Fact]
    public async Task A_watch_goes_on_after_a_kill()
    {
        string position;
        await using (var catalog = await CatalogProcess.StartAsync(_folder.Path))
        {
            using var watch = await Watcher.StartAsync(catalog);
            var seen = await catalog.CreatedAsync();
            await watch.TakeAsync(1, e => e.Name == seen.Name);
            position = watch.Position;
            await catalog.CreatedAsync("while-away");
            await catalog.KillAsync();
        }
        await using var again = await CatalogProcess.StartAsync(_folder.Path);
        using var resumed = await Watcher.StartAsync(again, position);
        await again.CreatedAsync("afterwards");
        await resumed.TakeAsync(2, _ => true);
        Assert.Equal(["products/while-away", "products/afterwards"], resumed.Seen.Select(e => e.Name));
    }

    [Fact]
    public async Task A_watch_from_before_what_the_log_still_holds_is_out_of_range()
    {
        string old, recent;
        await using (var catalog = await CatalogProcess.StartAsync(_folder.Path))
        {
            old = (await catalog.Reads().GetProjectionStatusAsync(new GetProjectionStatusRequest())).WatchPosition;
            for (var i = 0; i < 5; i++) await catalog.GetAsync(await catalog.CreatedAsync());
            recent = (await catalog.Reads().GetProjectionStatusAsync(new GetProjectionStatusRequest())).WatchPosition;
            await catalog.StopAsync();
        }
        _folder.Change("UPDATE log SET trimmed = 3; DELETE FROM events WHERE position <= 3");
        await using var again = await CatalogProcess.StartAsync(_folder.Path);
        using var expired = again.Reads().WatchProducts(new WatchProductsRequest { Position = old });
        (await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await expired.ResponseStream.MoveNext(CancellationToken.None)) { }
        })).Is(StatusCode.OutOfRange, ErrorReason.PositionExpired);
        using var watch = await Watcher.StartAsync(again, recent);
        var created = await again.CreatedAsync();
        await watch.TakeAsync(1, e => e.Name == created.Name);
    }

    [Fact]
    public async Task After_a_restore_the_index_follows_the_truth()
    {
        var backup = _folder.File("backup.db");
        CommandReceipt kept, lost;
        await using (var catalog = await CatalogProcess.StartAsync(_folder.Path))
        {
            kept = await catalog.CreatedAsync(title: "as it was");
            await catalog.GetAsync(kept);
            await catalog.StopAsync();
        }
        _folder.BackUp(backup);
        await using (var catalog = await CatalogProcess.StartAsync(_folder.Path))
        {
            await catalog.Writes().UpdateProductAsync(new UpdateProductRequest { Product = new Product { Name = kept.Name, Title = "of the lost future" } });
            lost = await catalog.CreatedAsync();
            await catalog.GetAsync(lost);
            await catalog.StopAsync();
        }
        _folder.Restore(backup);

        await using var restored = await CatalogProcess.StartAsync(_folder.Path);
        await Eventually.TrueAsync("the lost product is gone", async () =>
            await restored.CallAsync(Via.Grpc, new GetProductRequest { Name = lost.Name }) is { Error: { } error } && error.Code == (int)StatusCode.NotFound);
        Assert.Equal("as it was", (await restored.Reads().GetProductAsync(new GetProductRequest { Name = kept.Name })).Title);
        Assert.Equal(1, (await restored.Reads().SearchProductsAsync(new SearchProductsRequest())).TotalSize);
        var next = await restored.Writes().UpdateProductAsync(new UpdateProductRequest { Product = new Product { Name = kept.Name, Title = "anew" } });
        Assert.Equal("anew", (await restored.GetAsync(next)).Title);
        // What was promised of the lost future is void, and said to be.
        (await restored.CallAsync(Via.Grpc, new GetProductRequest { Name = kept.Name, ConsistencyTokens = { lost.ConsistencyToken } })).Fails(StatusCode.FailedPrecondition, ErrorReason.TokenOfAnotherLog);
    }

    [Fact]
    public async Task The_verb_after_a_restore_voids_tokens_and_positions_and_keeps_what_is_true()
    {
        await using var catalog = await CatalogProcess.StartAsync(_folder.Path);
        var created = await catalog.CreatedAsync(title: "true");
        var position = (await catalog.Reads().GetProjectionStatusAsync(new GetProjectionStatusRequest())).WatchPosition;
        var (code, output) = await CatalogProcess.RunAsync("restored", "--data", _folder.Path);
        Assert.True(code == 0, output);
        (await catalog.CallAsync(Via.Grpc, new GetProductRequest { Name = created.Name, ConsistencyTokens = { created.ConsistencyToken } })).Fails(StatusCode.FailedPrecondition, ErrorReason.TokenOfAnotherLog);
        using var watch = catalog.Reads().WatchProducts(new WatchProductsRequest { Position = position });
        (await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await watch.ResponseStream.MoveNext(CancellationToken.None)) { }
        })).Is(StatusCode.OutOfRange, ErrorReason.PositionExpired);
        var changed = await catalog.Writes().ActivateProductAsync(new ActivateProductRequest { Name = created.Name });
        Assert.Equal("true", (await catalog.GetAsync(changed)).Title);
    }

    [Fact]
    public async Task A_client_that_does_not_read_its_watch_is_dropped_with_a_status()
    {
        await using var catalog = await CatalogProcess.StartAsync(_folder.Path, new Dictionary<string, string>(StringComparer.Ordinal) { ["Queries__MaxWatchWrite"] = "00:00:00.5" });
        using var slow = catalog.Reads().WatchProducts(new WatchProductsRequest());
        using var quick = await Watcher.StartAsync(catalog);
        await slow.ResponseStream.MoveNext(CancellationToken.None);
        var reading = quick.TakeAsync(100, _ => true);
        for (var i = 0; i < 100; i++) await catalog.CreatedAsync(and: p => p.Description = new string('d', 60_000));
        await reading;
        await Eventually.TrueAsync("the slow client is dropped", async () =>
            (await catalog.Rest.GetStringAsync(new Uri("/metrics", UriKind.Relative))).Split('\n').Any(l => l.StartsWith("catalog_queries_watchers", StringComparison.Ordinal) && l.Split(' ')[1] == "1"));
        (await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await slow.ResponseStream.MoveNext(CancellationToken.None)) { }
        })).Is(StatusCode.ResourceExhausted, ErrorReason.WatchTooSlow);
    }
}
