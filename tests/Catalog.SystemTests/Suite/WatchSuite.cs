using System.Text.Json;
using Catalog.Internal.V1;
using Catalog.V1;
using Google.Protobuf;
using Grpc.Core;
using Change = Catalog.V1.ProductEvent.ChangeOneofCase;

namespace Catalog.SystemTests;

/// <summary>WatchProducts.</summary>
public abstract class WatchSuite(ICatalogUnderTest catalog)
{
    [Fact]
    public async Task A_watch_shows_what_happens_from_now_on_and_what_changed()
    {
        using var watch = await Watcher.StartAsync(catalog);
        var word = TestProducts.Word();
        var name = TestProducts.Name(word);
        var writes = catalog.Writes();

        await writes.CreateProductAsync(TestProducts.Create(word, and: p => p.Price = TestProducts.Usd(1)));
        await writes.UpdateProductAsync(new UpdateProductRequest { Product = new Product { Name = name, Title = "B", Brand = "C" } });
        await writes.ChangePriceAsync(new ChangePriceRequest { Name = name, Price = TestProducts.Usd(2) });
        await writes.AdjustStockAsync(new AdjustStockRequest { Name = name, Delta = 3, Reason = "delivered" });
        await writes.ActivateProductAsync(new ActivateProductRequest { Name = name });
        await writes.DiscontinueProductAsync(new DiscontinueProductRequest { Name = name });
        await writes.DeleteProductAsync(new DeleteProductRequest { Name = name });
        var events = await watch.TakeAsync(7, e => e.Name == name);

        Assert.Equal([Change.Created, Change.Updated, Change.PriceChanged, Change.StockAdjusted, Change.Activated, Change.Discontinued, Change.Deleted], events.Select(e => e.ChangeCase));
        Assert.Equal([1L, 2, 3, 4, 5, 6, 7], events.Select(e => e.Version));
        Assert.Equal(["title", "brand"], events[1].Updated.Changed.Paths);
        Assert.Equal((TestProducts.Usd(1), TestProducts.Usd(2)), (events[2].PriceChanged.Previous, events[2].Product.Price));
        Assert.Equal((3L, "delivered"), (events[3].StockAdjusted.Delta, events[3].StockAdjusted.Reason));
        Assert.Equal((Product.Types.State.Deleted, ""), (events[6].Product.State, events[6].Product.Sku));
        Assert.All(events, e => Assert.Equal((e.Version, e.Name, true), (e.Product.Version, e.Product.Name, e.Position > 0 && e.LogId.Length > 0)));
    }

    [Fact]
    public async Task A_watch_leaves_out_what_can_be_read_already()
    {
        var before = await catalog.CreatedAsync();
        await catalog.GetAsync(before);
        // What came into the index in this moment may still be shown.
        await Eventually.TrueAsync("a watch begins behind it", async () =>
        {
            using var watch = await Watcher.StartAsync(catalog);
            var after = await catalog.CreatedAsync();
            await watch.TakeAsync(1, e => e.Name == after.Name);
            return watch.Seen.All(e => e.Name != before.Name);
        });
    }

    [Fact]
    public async Task A_watch_goes_on_where_the_one_before_ended()
    {
        var word = TestProducts.Word();
        using var first = await Watcher.StartAsync(catalog);
        await catalog.CreatedAsync($"{word}-1");
        await first.TakeAsync(1, e => e.Name == TestProducts.Name($"{word}-1"));
        var position = first.Position;
        await catalog.CreatedAsync($"{word}-2");
        using var second = await Watcher.StartAsync(catalog, position);
        await second.TakeAsync(1, e => e.Name == TestProducts.Name($"{word}-2"));
        Assert.DoesNotContain(second.Seen, e => e.Name == TestProducts.Name($"{word}-1"));
    }

    [Fact]
    public async Task Watchers_under_load_miss_nothing_and_see_each_product_in_order()
    {
        var status = await catalog.Reads().GetProjectionStatusAsync(new GetProjectionStatusRequest());
        var names = (await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => catalog.CreatedAsync()))).Select(r => r.Name).ToHashSet(StringComparer.Ordinal);
        var watchers = new List<Watcher>();
        var load = Task.WhenAll(names.Select(async name =>
        {
            for (var i = 0; i < 50; i++) await catalog.Writes().AdjustStockAsync(new AdjustStockRequest { Name = name, Delta = 1, Reason = "load" });
        }));
        for (var i = 0; i < 5; i++) watchers.Add(await Watcher.StartAsync(catalog, status.WatchPosition));
        await load;

        foreach (var watcher in watchers)
        {
            using (watcher)
            {
                var events = await watcher.TakeAsync(20 * 51, e => names.Contains(e.Name));
                foreach (var product in events.GroupBy(e => e.Name, StringComparer.Ordinal)) Assert.Equal(Enumerable.Range(1, 51).Select(v => (long)v), product.Select(e => e.Version));
            }
        }
    }

    [Fact]
    public async Task Without_changes_a_watch_gets_signs_of_life()
    {
        // Tests that write beside this one on the same catalog leave no moment without a change: it waits for them.
        using var call = catalog.Reads().WatchProducts(new WatchProductsRequest(), deadline: DateTime.UtcNow + 10 * Eventually.Patience);
        // The first message comes at once and is no sign of life.
        for (var empty = 0; empty < 2;)
        {
            Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
            if (call.ResponseStream.Current.Events.Count == 0) empty++;
            Assert.NotEmpty(call.ResponseStream.Current.Position);
        }
    }

    [Fact]
    public async Task A_position_that_is_none_is_invalid_and_a_foreign_one_is_out_of_range()
    {
        async Task<RpcException> RefusedAsync(string position)
        {
            using var watch = catalog.Reads().WatchProducts(new WatchProductsRequest { Position = position });
            return await Assert.ThrowsAsync<RpcException>(async () =>
            {
                while (await watch.ResponseStream.MoveNext(CancellationToken.None)) { }
            });
        }
        (await RefusedAsync("nonsense")).Is(StatusCode.InvalidArgument, ErrorReason.InvalidRequest);
        var status = await catalog.Reads().GetProjectionStatusAsync(new GetProjectionStatusRequest());
        OpaqueText.TryDecode(status.WatchPosition, WatchPosition.Parser, out var position);
        position!.LogId = "another";
        (await RefusedAsync(OpaqueText.Encode(position))).Is(StatusCode.OutOfRange, ErrorReason.PositionExpired);
        using var rest = await catalog.Rest.GetAsync(new Uri("/v1/products:watch?position=nonsense", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(400, (int)rest.StatusCode);
    }

    [Fact]
    public async Task Over_REST_a_watch_is_one_JSON_object_a_line()
    {
        using var response = await catalog.Rest.GetAsync(new Uri("/v1/products:watch", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());
        var first = JsonParser.Default.Parse<WatchProductsResponse>(await lines.ReadLineAsync().WaitAsync(Eventually.Patience));
        Assert.NotEmpty(first.Position);
        var created = await catalog.CreatedAsync();
        while (true)
        {
            var line = await lines.ReadLineAsync().WaitAsync(Eventually.Patience);
            using var json = JsonDocument.Parse(line!);
            Assert.True(json.RootElement.TryGetProperty("delayed", out _), "default values are there");
            if (JsonParser.Default.Parse<WatchProductsResponse>(line).Events.Any(e => e.Name == created.Name)) return;
        }
    }
}
