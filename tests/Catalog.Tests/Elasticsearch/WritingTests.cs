using Catalog.Elasticsearch.Http;
using Catalog.Elasticsearch.Indices;
using Catalog.Projections;
using Catalog.Queries;
using Catalog.Queries.Filtering;
using Catalog.Tests.Index;
using Catalog.V1;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;

namespace Catalog.Tests.Elasticsearch;

/// <summary>How products get into the index, and what happens to those that do not.</summary>
public sealed class WritingTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    [InlineData(403)]
    public async Task A_product_that_is_refused_for_now_is_sent_again_and_the_others_are_not(int status)
    {
        List<string[]> sent = [];
        await using var server = await ScriptedServer.StartAsync(async (context, count) =>
        {
            sent.Add(await ScriptedServer.ReadIdsAsync(context));
            await AnswerAsync(context, sent[^1].Select(id => id == "b" && count < 2 ? status : 201));
        });
        await using var catalog = TestElasticsearch.On(server.Url);
        Assert.Empty(await WriteAsync(catalog, "a", "b", "c"));
        Assert.Equal([["a", "b", "c"], ["b"], ["b"]], sent);
    }

    [Fact]
    public async Task A_product_that_is_refused_again_and_again_is_not_given_up_but_the_call_is()
    {
        await using var server = await ScriptedServer.StartAsync(async (context, _) => await AnswerAsync(context, (await ScriptedServer.ReadIdsAsync(context)).Select(_ => 429)));
        await using var catalog = TestElasticsearch.On(server.Url);
        await Assert.ThrowsAsync<IndexUnavailableException>(() => WriteAsync(catalog, "a"));
    }

    [Fact]
    public async Task A_product_that_is_refused_for_good_is_named_with_the_reason()
    {
        await using var server = await ScriptedServer.StartAsync(async (context, _) =>
            await AnswerAsync(context, (await ScriptedServer.ReadIdsAsync(context)).Select(id => id switch { "bad" => 400, "old" => 409, _ => 201 })));
        await using var catalog = TestElasticsearch.On(server.Url);
        var rejected = Assert.Single(await WriteAsync(catalog, "good", "bad", "old"));
        Assert.Equal("products/bad", rejected.Product.Name);
        Assert.Equal("some_exception: as the test wants it", rejected.Reason);
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    public async Task A_request_that_is_refused_as_a_whole_is_left_to_the_caller(int status)
    {
        await using var server = await ScriptedServer.StartAsync((context, _) => ScriptedServer.WriteAsync(context, "{}", status, retryAfter: 3));
        await using var catalog = TestElasticsearch.On(server.Url);
        var unavailable = await Assert.ThrowsAsync<IndexUnavailableException>(() => WriteAsync(catalog, "a"));
        Assert.Equal(TimeSpan.FromSeconds(3), unavailable.RetryAfter);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task A_server_that_asks_for_time_gets_it_however_soon_the_caller_repeats()
    {
        var refusals = 1;
        await using var server = await ScriptedServer.StartAsync(async (context, _) =>
        {
            if (Interlocked.Decrement(ref refusals) >= 0) await ScriptedServer.WriteAsync(context, "{}", 429, retryAfter: 30);
            else await AnswerAsync(context, (await ScriptedServer.ReadIdsAsync(context)).Select(_ => 201));
        });
        var time = new ResettableTime();
        await using var catalog = TestElasticsearch.On(server.Url, time: time);
        var writer = await WriterAsync(catalog);
        Product[] products = [new() { Name = "products/a", Version = 1 }];
        await Assert.ThrowsAsync<IndexUnavailableException>(async () => await writer.WriteAsync(products, Cancellation));
        var asked = server.Requests.Count;
        time.Reset = TimeSpan.FromHours(-1);
        var again = writer.WriteAsync(products, Cancellation).AsTask();
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(again.IsCompleted);
        Assert.Equal(asked, server.Requests.Count);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty((await again).Rejected);
    }

    /// <summary>A clock whose time of day somebody sets.</summary>
    private sealed class ResettableTime : FakeTimeProvider
    {
        public TimeSpan Reset { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Reset;

        public override long GetTimestamp() => base.GetUtcNow().Ticks;
    }

    [Fact]
    public async Task Large_writes_go_in_several_requests()
    {
        List<string> sent = [];
        await using var server = await ScriptedServer.StartAsync(async (context, _) =>
        {
            var ids = await ScriptedServer.ReadIdsAsync(context);
            sent.AddRange(ids);
            await AnswerAsync(context, ids.Select(_ => 201));
        });
        await using var catalog = TestElasticsearch.On(server.Url);
        var products = Enumerable.Range(0, 200).Select(i => new Product
        {
            Name = $"products/p{i}", Version = 1, Description = string.Concat(Enumerable.Repeat($"word{i} ", 8000)),
        }).ToArray();
        Assert.Empty((await (await WriterAsync(catalog)).WriteAsync(products, Cancellation)).Rejected);
        Assert.Equal(products.Select(product => product.Name["products/".Length..]), sent);
        Assert.InRange(server.Requests.Count, 3, 10);
    }

    [Fact]
    public async Task The_largest_product_that_may_be_fits()
    {
        await using var catalog = TestElasticsearch.Start();
        var index = await catalog.BuildAsync("log-1", Cancellation);
        var product = new Product
        {
            Name = "products/largest", Sku = new string('S', 64), Title = new string('ü', 256), Brand = new string('b', 256), Version = long.MaxValue,
            Description = new string('x', 64 * 1024), StockQuantity = 1_000_000_000_000, State = Product.Types.State.Active,
            Price = new Google.Type.Money { Units = Amount.MaxUnits, CurrencyCode = "EUR" },
        };
        for (var i = 0; i < 32; i++) product.Categories.Add($"{i}" + new string('磁', 80));
        for (var i = 0; i < 100; i++) product.Attributes.Add($"{i}" + new string('k', 120), i % 2 == 0 ? new string('v', 1024) : "line\nline\ttab");
        Assert.Empty((await index.WriteAsync([product], Cancellation)).Rejected);
        using var reader = await catalog.Index.OpenAsync(Cancellation);
        Assert.Equal(product, (await reader.GetAsync(["largest"], Cancellation))[0]);
        await reader.MakeSearchableAsync(Cancellation);
        var key = $"1{new string('k', 120)}";
        var page = await reader.SearchAsync(
            ProductIndexContract.Plan("", $"price = {Amount.MaxUnits} AND attributes.0{new string('k', 120)}:\"{new string('V', 1024)}\" AND NOT title:\"{new string('*', 1024)}\"") with
            {
                Facets = [new Field(FieldKind.Attribute, key)],
            },
            Cancellation);
        Assert.Equal(product, Assert.Single(page.Products));
        Assert.Equal("line\nline\ttab", Assert.Single(Assert.Single(page.Facets)).Value);
    }

    [Fact]
    public async Task The_deepest_filter_that_may_be_is_searched_with()
    {
        await using var catalog = TestElasticsearch.Start();
        var index = await catalog.BuildAsync("log-1", Cancellation);
        await index.WriteAsync([new Product { Name = "products/a", Title = "lamp", Version = 1, State = Product.Types.State.Active }], Cancellation);
        using var reader = await catalog.Index.OpenAsync(Cancellation);
        await reader.MakeSearchableAsync(Cancellation);
        var (filter, negated) = ("title != \"torch\"", "title = \"lamp\"");
        for (var depth = 0; depth < FilterParser.MaxDepth; depth++)
        {
            filter = $"(title = \"lamp\" AND sku != \"s{depth}\" OR {filter})";
            negated = $"NOT {negated}";
        }
        foreach (var deep in (string[])[filter, negated])
            Assert.Equal(1, (await reader.SearchAsync(ProductIndexContract.Plan("lamp", deep), Cancellation)).Total);
    }

    [Fact]
    public async Task A_tombstone_is_in_no_search_and_in_no_count()
    {
        await using var catalog = TestElasticsearch.Start();
        var index = await catalog.BuildAsync("log-1", Cancellation);
        await index.WriteAsync([new Product { Name = "products/a", Title = "lamp", Version = 1, State = Product.Types.State.Active }, RandomProducts.Tombstone("b", 7)], Cancellation);
        using var reader = await catalog.Index.OpenAsync(Cancellation);
        await reader.MakeSearchableAsync(Cancellation);
        foreach (var filter in (string[])["", "NOT brand = \"Acme\"", "state != DRAFT", "price != 3"])
        {
            var page = await reader.SearchAsync(ProductIndexContract.Plan("", filter) with { Facets = [new Field(FieldKind.State)] }, Cancellation);
            Assert.Equal("products/a", Assert.Single(page.Products).Name);
            Assert.Equal(1, page.Total);
            Assert.Equal("ACTIVE", Assert.Single(page.Facets[0]).Value);
        }
        Assert.Equal([7], await reader.GetVersionsAsync(["b"], Cancellation));
    }

    [Fact]
    public async Task A_write_is_read_at_once_and_searched_when_it_was_made_searchable()
    {
        await using var catalog = TestElasticsearch.Start(options => options.RefreshInterval = TimeSpan.FromMinutes(1));
        var index = await catalog.BuildAsync("log-1", Cancellation);
        using var reader = await catalog.Index.OpenAsync(Cancellation);
        // By its id it is found although no search sees it; to find it so makes Elasticsearch refresh sometimes, so the search comes first.
        await index.WriteAsync([new Product { Name = "products/a", Title = "lamp", Version = 1 }], Cancellation);
        Assert.Equal(0, (await reader.SearchAsync(ProductIndexContract.Plan("lamp"), Cancellation)).Total);
        Assert.Equal([1], await reader.GetVersionsAsync(["a"], Cancellation));
        Assert.Equal("lamp", (await reader.GetAsync(["a"], Cancellation))[0]?.Title);
        await reader.MakeSearchableAsync(Cancellation);
        Assert.Equal(1, (await reader.SearchAsync(ProductIndexContract.Plan("lamp"), Cancellation)).Total);
    }

    [Fact]
    public async Task What_every_document_would_meet_makes_none_a_dead_letter()
    {
        await using var catalog = TestElasticsearch.Start();
        var index = await catalog.BuildAsync("log-1", Cancellation);
        var name = ((Catalog.Elasticsearch.Writing.IndexWriter)index).Index;
        using var http = new HttpClient();
        var client = catalog.Get<ElasticsearchClient>();
        // As when an index of before was put back from a snapshot, with the aliases that it had.
        (await http.PutAsync(new Uri($"{TestElasticsearch.Url}/{catalog.Alias}-20200101000000"), null, Cancellation)).EnsureSuccessStatusCode();
        var log = catalog.Get<IndexNames>().Log("log-1");
        Assert.True(await client.MoveAliasesAsync([new AliasMove($"{catalog.Alias}-20200101000000", log, Add: true)], Cancellation));
        await Assert.ThrowsAsync<IndexUnavailableException>(async () => await index.WriteAsync([new Product { Name = "products/p", Version = 1 }], Cancellation));
        Assert.True(await client.MoveAliasesAsync([new AliasMove($"{catalog.Alias}-20200101000000", log, Add: false)], Cancellation));

        (await http.PostAsync(new Uri($"{TestElasticsearch.Url}/{name}/_close"), null, Cancellation)).EnsureSuccessStatusCode();
        await Assert.ThrowsAsync<IndexUnavailableException>(async () => await index.WriteAsync([new Product { Name = "products/p", Version = 1 }], Cancellation));
        (await http.PostAsync(new Uri($"{TestElasticsearch.Url}/{name}/_open"), null, Cancellation)).EnsureSuccessStatusCode();
        Assert.Empty((await index.WriteAsync([new Product { Name = "products/p", Version = 1 }], Cancellation)).Rejected);
    }

    [Fact]
    public async Task A_change_that_not_every_node_has_taken_over_is_not_done()
    {
        var known = false;
        await using var server = await ScriptedServer.StartAsync((context, _) => ScriptedServer.WriteAsync(context, $$"""{"acknowledged":{{(known ? "true" : "false")}}}"""));
        await using var catalog = TestElasticsearch.On(server.Url);
        var client = catalog.Get<ElasticsearchClient>();
        await Assert.ThrowsAsync<IndexUnavailableException>(() => client.MoveAliasesAsync([new AliasMove("index", "alias", Add: true)], Cancellation));
        known = true;
        Assert.True(await client.MoveAliasesAsync([new AliasMove("index", "alias", Add: true)], Cancellation));
    }

    private static async Task<IReadOnlyList<RejectedProduct>> WriteAsync(TestElasticsearch catalog, params string[] ids) =>
        (await (await WriterAsync(catalog)).WriteAsync([.. ids.Select(id => new Product { Name = ProductName.Format(id), Version = 1 })], Cancellation)).Rejected;

    private static async Task<IIndexWriter> WriterAsync(TestElasticsearch catalog) => (await catalog.Indices.GetCurrentAsync(Cancellation))!;

    private static Task AnswerAsync(HttpContext context, IEnumerable<int> statuses)
    {
        var items = statuses.Select(status => status < 300
            ? $$$"""{"index":{"status":{{{status}}} } }"""
            : $$$"""{"index":{"status":{{{status}}},"error":{"type":"some_exception","reason":"as the test wants it"} } }""");
        return ScriptedServer.WriteAsync(context, $$"""{"errors":true,"items":[{{string.Join(',', items)}}]}""");
    }
}
