using Catalog.Queries;
using Catalog.Queries.Filtering;
using Catalog.Tests.Index;
using Catalog.V1;

namespace Catalog.Tests.Elasticsearch;

/// <summary>Reads with tokens share refreshes: one for each would bring Elasticsearch to its knees.</summary>
public sealed class RefreshTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Those_who_wait_for_a_refresh_share_the_next_one()
    {
        var (begun, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var server = await ScriptedServer.StartAsync(async (context, count) =>
        {
            begun.TrySetResult();
            if (count == 0) await go.Task;
            await ScriptedServer.WriteAsync(context, """{"_shards":{"successful":1,"failed":0}}""");
        });
        await using var catalog = TestElasticsearch.On(server.Url);
        using var reader = await catalog.Index.OpenAsync(Cancellation);
        var first = reader.MakeSearchableAsync(Cancellation);
        await begun.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        // Of whichever reader: what they share belongs to the index.
        using var other = await catalog.Index.OpenAsync(Cancellation);
        Task[] waiting = [.. Enumerable.Range(0, 200).Select(i => (i % 2 == 0 ? reader : other).MakeSearchableAsync(Cancellation).AsTask())];
        go.SetResult();
        await first;
        await Task.WhenAll(waiting);
        Assert.Equal(2, server.Requests.Count);
    }

    [Fact]
    public async Task A_search_that_does_not_see_the_versions_that_were_there_is_no_answer()
    {
        await using var catalog = TestElasticsearch.Start(options => options.RefreshInterval = TimeSpan.FromMinutes(1));
        var writer = await catalog.BuildAsync("log-1", Cancellation);
        var named = Enumerable.Range(0, 1_000).Select(i => $"p{i}").ToArray();
        foreach (var version in (long[])[1, 2, 3])
        {
            // The last one is a tombstone, which no search finds.
            Assert.Empty((await writer.WriteAsync([version < 3 ? Lamp("p0", version) : RandomProducts.Tombstone("p0", version), Lamp("other", version)], Cancellation)).Rejected);
            using var reader = await catalog.Index.OpenAsync(Cancellation);
            Assert.Equal(version, (await reader.GetVersionsAsync(named, Cancellation))[0]);
            var plan = ProductIndexContract.Plan("lamp") with { Facets = [new Field(FieldKind.Brand)], FacetLimit = 10 };
            var suggestion = new SuggestPlan(["lamp"], 10);
            foreach (var search in (Func<Task>[])[() => reader.SearchAsync(plan, Cancellation).AsTask(), () => reader.SuggestAsync(suggestion, Cancellation).AsTask()])
                Assert.Equal(ErrorReason.ReadNotCaughtUp, (await Assert.ThrowsAsync<IndexUnavailableException>(search)).Reason);
            await reader.MakeSearchableAsync(Cancellation);
            string[] found = version < 3 ? ["products/other", "products/p0"] : ["products/other"];
            Assert.Equal(found, (await reader.SearchAsync(plan, Cancellation)).Products.Select(product => product.Name).Order(StringComparer.Ordinal));
            Assert.Equal(found, (await reader.SuggestAsync(suggestion, Cancellation)).Select(product => product.Name).Order(StringComparer.Ordinal));
        }
    }

    private static Product Lamp(string id, long version) => new() { Name = $"products/{id}", Title = "Lamp", Brand = "Northlight", Version = version };

    [Theory]
    [InlineData("""{"_shards":{"successful":1,"failed":1}}""")]
    [InlineData("""{"_shards":{"successful":0,"failed":0}}""")]
    public async Task A_refresh_that_missed_a_shard_is_none(string answer)
    {
        await using var server = await ScriptedServer.StartAsync((context, _) => ScriptedServer.WriteAsync(context, answer));
        await using var catalog = TestElasticsearch.On(server.Url);
        using var reader = await catalog.Index.OpenAsync(Cancellation);
        await Assert.ThrowsAsync<IndexUnavailableException>(async () => await reader.MakeSearchableAsync(Cancellation));
    }
}
