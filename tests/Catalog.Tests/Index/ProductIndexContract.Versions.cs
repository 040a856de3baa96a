using Catalog.Queries.Filtering;
using Catalog.V1;
using CsCheck;

namespace Catalog.Tests.Index;

public abstract partial class ProductIndexContract
{
    [Fact]
    public async Task A_product_that_was_written_is_read_back_as_it_was()
    {
        await RandomProducts.WithId("mine").SampleAsync(
            async product =>
            {
                product.Version = 1 + await VersionAsync("mine");
                Assert.Empty(await WriteAsync(product));
                Assert.Equal(product, await GetAsync("mine"));
                Assert.Equal(product.Version, await VersionAsync("mine"));
            },
            iter: Samples, threads: 1);
    }

    [Fact]
    public async Task Versions_come_in_any_order_and_more_than_once_and_the_newest_stays()
    {
        var round = 0;
        var writes = Gen.Select(Gen.Int[0, 3], Gen.Long[1, 6], Gen.Bool).Array[1, 25];
        await writes.SampleAsync(
            async writes =>
            {
                round++;
                var newest = new Dictionary<string, Product>();
                foreach (var (number, version, deleted) in writes)
                {
                    var id = $"r{round}-{number}";
                    var product = deleted && version > 3 ? RandomProducts.Tombstone(id, version) : Titled(id, $"round{round} version{version}", version);
                    if (!newest.TryGetValue(id, out var held) || held.Version < version) newest[id] = product;
                    Assert.Empty(await WriteAsync(product));
                }
                using var reader = await Index.OpenAsync(Cancellation);
                var ids = newest.Keys.ToArray();
                Assert.Equal(newest.Values.Select(product => product.Version), await reader.GetVersionsAsync(ids, Cancellation));
                Assert.Equal(newest.Values.Select(product => product.State == Product.Types.State.Deleted ? null : product), await reader.GetAsync(ids, Cancellation));
                var live = newest.Values.Where(product => product.State != Product.Types.State.Deleted).OrderBy(product => product.Name, StringComparer.Ordinal);
                var page = await SearchAsync(Plan($"round{round}") with { Order = [By(FieldKind.Name)] });
                Assert.Equal(live, page.Products);
            },
            iter: Samples, threads: 1);
    }

    [Fact]
    public async Task What_the_index_had_already_is_told()
    {
        var writer = await WriterAsync();
        Assert.Empty((await writer.WriteAsync([Titled("p", "lamp", 2), Titled("q", "lamp", 1), RandomProducts.Tombstone("r", 3)], Cancellation)).Held);
        var outcome = await writer.WriteAsync([Titled("p", "lamp", 2), Titled("q", "lamp", 2), RandomProducts.Tombstone("r", 2), Titled("s", "lamp", 1)], Cancellation);
        Assert.Equal(["products/p", "products/r"], outcome.Held);
    }

    [Fact]
    public async Task A_late_event_cannot_bring_a_deleted_product_back()
    {
        await WriteAsync(Titled("p", "lamp", 1));
        await WriteAsync(RandomProducts.Tombstone("p", 3));
        await WriteAsync(Titled("p", "lamp", 2));

        Assert.Null(await GetAsync("p"));
        Assert.Equal(3, await VersionAsync("p"));
        Assert.Empty(await FindAsync("lamp"));
    }

    [Fact]
    public async Task A_newer_text_replaces_the_older_one_in_every_search()
    {
        await WriteAsync(Titled("p", "lamp", 1));
        await WriteAsync(Titled("p", "torch", 2));
        Assert.Empty(await FindAsync("lamp"));
        Assert.Equal(["p"], await FindAsync("torch"));

        var cheaper = Titled("p", "torch", 3);
        cheaper.StockQuantity = 7;
        await WriteAsync(cheaper);
        Assert.Equal(["p"], await FindAsync("torch", "stock_quantity = 7"));
    }

    [Fact]
    public async Task Many_are_read_at_once_in_the_order_asked_for()
    {
        await WriteAsync(Titled("a", "one", 1), Titled("b", "two", 2), RandomProducts.Tombstone("c", 3));
        using var reader = await Index.OpenAsync(Cancellation);
        string[] ids = ["c", "b", "nobody", "a", "b"];
        Assert.Equal([3, 2, 0, 1, 2], await reader.GetVersionsAsync(ids, Cancellation));
        Assert.Equal([null, "two", null, "one", "two"], (await reader.GetAsync(ids, Cancellation)).Select(product => product?.Title));
    }

    [Fact]
    public async Task The_position_is_kept_with_the_index()
    {
        var writer = await WriterAsync();
        Assert.Equal(0, await writer.GetPositionAsync(Cancellation));
        await writer.SavePositionAsync(42, Cancellation);
        Assert.Equal(42, await (await WriterAsync()).GetPositionAsync(Cancellation));
        Assert.Equal(LogId, writer.LogId);
    }

    [Fact]
    public async Task A_change_wakes_those_who_wait_for_one()
    {
        var change = Index.WatchForChange();
        await WriteAsync(Titled("p", "lamp", 1));
        await change(Cancellation).WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        Assert.NotNull(await GetAsync("p"));
    }

    protected static Product Titled(string id, string title, long version = 1) => new()
    {
        Name = ProductName.Format(id), Sku = $"sku-of-{id}", Title = title, Version = version, State = Product.Types.State.Active,
    };
}
