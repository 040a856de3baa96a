using Catalog.Projections;
using Catalog.Queries;
using Catalog.Queries.Filtering;
using Catalog.V1;

namespace Catalog.Tests.Index;

public abstract partial class ProductIndexContract
{
    [Fact]
    public async Task An_index_that_is_being_built_is_not_seen()
    {
        await WriteAsync(Titled("p", "old"));
        var next = await Indices.CreateAsync("log-2", Cancellation);
        await next.WriteAsync([Titled("p", "new", 2), Titled("q", "new")], Cancellation);
        Assert.Equal("old", (await GetAsync("p"))?.Title);
        Assert.Equal(0, await VersionAsync("q"));

        await Indices.SwapAsync(next, Cancellation);
        Assert.Equal("new", (await GetAsync("p"))?.Title);
        using var reader = await Index.OpenAsync(Cancellation);
        Assert.Equal("log-2", reader.LogId);
        Assert.Equal("log-2", (await WriterAsync()).LogId);
    }

    [Fact]
    public async Task A_new_index_begins_at_no_position_and_empty()
    {
        await WriteAsync(Titled("p", "old", 5));
        await (await WriterAsync()).SavePositionAsync(9, Cancellation);
        var next = await Indices.CreateAsync(LogId, Cancellation);
        Assert.Equal(0, await next.GetPositionAsync(Cancellation));
        await Indices.SwapAsync(next, Cancellation);
        Assert.Equal(0, await VersionAsync("p"));
    }

    [Fact]
    public async Task A_second_attempt_to_build_takes_the_place_of_the_first()
    {
        var first = await Indices.CreateAsync(LogId, Cancellation);
        await first.WriteAsync([Titled("p", "first")], Cancellation);
        var second = await Indices.CreateAsync(LogId, Cancellation);
        // To repeat it would be of no use.
        await Assert.ThrowsAsync<IndexLostException>(async () => await first.WriteAsync([Titled("p", "again")], Cancellation));
        await Indices.SwapAsync(second, Cancellation);
        Assert.Null(await GetAsync("p"));
        await Assert.ThrowsAsync<IndexUnavailableException>(async () => await Indices.SwapAsync(first, Cancellation));
    }

    [Fact]
    public async Task Reads_go_on_while_indices_are_swapped()
    {
        await FillAsync(await WriterAsync(), "round0");
        using var done = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var readers = Enumerable.Range(0, 3).Select(_ => Task.Run(() => ReadAsync(done.Token), Cancellation)).ToArray();
        for (var round = 1; round <= 5; round++)
        {
            var next = await Indices.CreateAsync(LogId, Cancellation);
            await FillAsync(next, $"round{round}");
            await Indices.SwapAsync(next, Cancellation);
        }
        await done.CancelAsync();
        Assert.True((await Task.WhenAll(readers)).Sum() > 0);

        async Task FillAsync(IIndexWriter writer, string title) =>
            await writer.WriteAsync([.. Enumerable.Range(0, 50).Select(i => Titled($"p{i}", title))], Cancellation);

        async Task<int> ReadAsync(CancellationToken done)
        {
            var reads = 0;
            while (!done.IsCancellationRequested || reads == 0)
            {
                using var reader = await Index.OpenAsync(Cancellation);
                var title = (await reader.GetAsync(["p0"], Cancellation))[0]!.Title;
                await reader.MakeSearchableAsync(Cancellation);
                var page = await reader.SearchAsync(Plan("round*") with { Facets = [new Field(FieldKind.State)] }, Cancellation);
                Assert.All(page.Products, product => Assert.Equal(title, product.Title));
                Assert.Equal(50, page.Total);
                reads++;
            }
            return reads;
        }
    }

    [Theory]
    [InlineData("relevance")]
    [InlineData("title")]
    [InlineData("price")]
    public async Task Paging_visits_a_product_once_while_others_come_and_go(string order)
    {
        var lamps = Enumerable.Range(0, 60).Select(i => Lamp($"lamp{i}", i % 7)).ToArray();
        await WriteAsync(lamps);
        var plan = Plan("lamp", "", order switch
        {
            "title" => By(FieldKind.Title),
            "price" => By(FieldKind.Price, descending: true),
            _ => new SortBy(null, Descending: true)
        });
        List<string> seen = [];
        var round = 0;
        for (PageEnd? after = null; ;)
        {
            var page = await SearchAsync(plan with { PageSize = 7, After = after });
            seen.AddRange(Ids(page.Products));
            round++;
            await WriteAsync(
                Titled($"stone{round}", $"stone lamp {round}"), Titled("changing", $"lamp {new string('x', round)} number {round}", round),
                Titled($"unrelated{round}", "chair table"),
                // A word near the one that is looked for comes and goes.
                round % 3 == 1 ? Titled("near", "lamps", round) : RandomProducts.Tombstone("near", round),
                RandomProducts.Tombstone($"stone{round - 1}", 9));
            if ((after = page.Next) is null) break;
        }
        Assert.Equal(Ids(lamps).Order(), seen.Where(id => id.StartsWith("lamp", StringComparison.Ordinal)).Order());

        static Product Lamp(string id, int group)
        {
            var lamp = Titled(id, $"lamp {new string('a', group + 1)}{(group > 3 ? " with a shade" : "")}");
            lamp.Price = group == 2 ? null : new Google.Type.Money { Units = group, CurrencyCode = "EUR" };
            return lamp;
        }
    }

    [Fact]
    public async Task A_product_that_no_index_can_hold_is_named_and_the_others_are_written()
    {
        var nameless = Titled("p", "x");
        nameless.Name = "things/p";
        var timeless = Titled("q", "x");
        timeless.UpdateTime = new Google.Protobuf.WellKnownTypes.Timestamp { Seconds = long.MaxValue };
        var rejected = await WriteAsync(nameless, timeless, Titled("r", "good"));
        Assert.Equal([nameless, timeless], rejected.Select(one => one.Product));
        Assert.All(rejected, one => Assert.NotEmpty(one.Reason));
        Assert.Equal(["r"], await FindAsync("good"));
        Assert.Equal(0, await VersionAsync("q"));
    }
}
