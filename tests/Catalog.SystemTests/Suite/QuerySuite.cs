using Catalog.V1;
using Grpc.Core;

namespace Catalog.SystemTests;

/// <summary>Reads: search with everything that it offers, paging, suggestions and lookups, the same over both faces.</summary>
public abstract class QuerySuite(ICatalogUnderTest catalog)
{
    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task A_search_finds_words_beginnings_phrases_and_typos(Via via)
    {
        var brand = TestProducts.Word();
        var lamp = await catalog.CreatedAsync(title: "Wooden Reading Lämp", and: p => (p.Brand, p.Description) = (brand, "warm white light"));
        var chair = await catalog.CreatedAsync(title: "Wooden chair", and: p => p.Brand = brand);

        async Task<string[]> FoundAsync(string query) => Names(await SearchAsync(via, new SearchProductsRequest
        {
            Query = query, Filter = $"brand = \"{brand}\"", ConsistencyTokens = { lamp.ConsistencyToken, chair.ConsistencyToken },
        }));

        Assert.Equal([lamp.Name], await FoundAsync("lamp READING"));
        Assert.Equal([lamp.Name], await FoundAsync("read*"));
        Assert.Equal([lamp.Name], await FoundAsync("raeding"));
        Assert.Equal([lamp.Name], await FoundAsync("\"warm white\""));
        Assert.Empty(await FoundAsync("\"white warm\""));
        Assert.Equal(2, (await FoundAsync("woodne")).Length);
        Assert.Equal(2, (await FoundAsync("")).Length);
    }

    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task As_many_names_as_may_be_however_long_are_looked_up_at_once(Via via)
    {
        var created = await catalog.CreatedAsync(TestProducts.Word().PadRight(63, 'x'), and: p => p.Sku = TestProducts.Word());
        var request = new BatchGetProductsRequest
        {
            Names = { Enumerable.Range(0, 99).Select(i => TestProducts.Name($"{TestProducts.Word()}-{i}".PadRight(63, 'y'))).Append(created.Name) },
            ConsistencyTokens = { Enumerable.Repeat(created.ConsistencyToken, 20) },
        };
        var answer = Assert.IsType<BatchGetProductsResponse>((await catalog.CallAsync(via, request)).Message);
        Assert.Equal((created.Name, 99), (Assert.Single(answer.Products).Name, answer.Missing.Count));
    }

    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task A_search_filters_sorts_counts_and_highlights(Via via)
    {
        var shelf = await Shelf.FillAsync(catalog, 5);
        var request = new SearchProductsRequest
        {
            Query = "lamp", Filter = $"categories:\"{shelf.Word}\" AND price < 4 AND attributes.color = \"red\"", OrderBy = "price desc",
            Facets = { "brand", "categories", "state", "price.currency_code", "attributes.color" }, PriceRanges = { new PriceRange { To = "2" }, new PriceRange { From = "2", To = "9.5" } },
            Highlight = true, ConsistencyTokens = { shelf.Tokens },
        };

        var answer = (via == Via.Grpc ? await catalog.CallAsync(via, request) : await catalog.PostSearchAsync(request)).Ok<SearchProductsResponse>();

        Assert.Equal([3L, 2L, 1L], answer.Results.Select(r => r.Product.Price.Units));
        Assert.Equal(3, answer.TotalSize);
        Assert.Equal(["brand", "categories", "state", "price.currency_code", "attributes.color"], answer.Facets.Select(f => f.Field));
        Assert.Equal(3, Assert.Single(answer.Facets[1].Values).Count);
        Assert.Equal(("red", 3L), (answer.Facets[4].Values[0].Value, answer.Facets[4].Values[0].Count));
        Assert.Equal([1L, 2L], answer.PriceRanges.Select(r => r.Count));
        Assert.All(answer.Results, r => Assert.Contains(r.Highlights, h => h.Field == "title" && h.Fragment.Contains("<em>lamp</em>", StringComparison.OrdinalIgnoreCase)));
    }

    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task Everything_that_is_wrong_with_a_search_is_said_at_once(Via via) => (await catalog.CallAsync(via, new SearchProductsRequest
    {
        Query = new string('q', 1025), Filter = "price <", OrderBy = "weight", PageSize = -1, PageToken = "nonsense", FacetLimit = 101, Facets = { "title" }, ConsistencyTokens = { "nonsense" },
    })).FailsAt("query", "filter", "order_by", "page_size", "facet_limit", "facets[0]", "consistency_tokens[0]");

    [Theory]
    [InlineData("page_size", 2147483647, "")]
    [InlineData("page_size", -2147483648, "page_size")]
    [InlineData("facet_limit", 2147483647, "facet_limit")]
    public async Task An_absurd_number_is_cut_down_or_refused(string field, int number, string refused)
    {
        foreach (var via in Enum.GetValues<Via>())
        {
            var request = new SearchProductsRequest { Filter = "price < 0" };
            SearchProductsRequest.Descriptor.FindFieldByName(field).Accessor.SetValue(request, number);
            var answer = await catalog.CallAsync(via, request);
            if (refused.Length > 0) answer.FailsAt(refused);
            else answer.Ok<SearchProductsResponse>();
        }
    }

    [Theory]
    [InlineData("a long text")]
    [InlineData("parentheses")]
    [InlineData("negations")]
    [InlineData("alternatives")]
    [InlineData("only opening")]
    public async Task An_absurd_filter_is_refused_or_answered_and_nothing_else(string kind)
    {
        var filter = kind switch
        {
            "a long text" => $"brand = \"{new string('x', 3_000_000)}\"",
            "parentheses" => new string('(', 4000) + "price < 1" + new string(')', 4000),
            "negations" => string.Concat(Enumerable.Repeat("NOT ", 2000)) + "price < 1",
            "alternatives" => string.Join(" OR ", Enumerable.Repeat("price < 1", 600)),
            _ => new string('(', 8000),
        };
        foreach (var answer in new[] { await catalog.CallAsync(Via.Grpc, new SearchProductsRequest { Filter = filter }), await catalog.PostSearchAsync(new SearchProductsRequest { Filter = filter }) })
            if (answer.Error is not null) answer.FailsAt("filter");
    }

    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task A_batch_of_names_is_answered_in_its_order_with_those_that_are_missing(Via via)
    {
        var (first, second, gone) = (await catalog.CreatedAsync(), await catalog.CreatedAsync(), await catalog.CreatedAsync());
        var deleted = await catalog.Writes().DeleteProductAsync(new DeleteProductRequest { Name = gone.Name });
        var missing = TestProducts.Name(TestProducts.Word());
        var answer = (await catalog.CallAsync(via, new BatchGetProductsRequest
        {
            Names = { second.Name, missing, first.Name, gone.Name, second.Name }, ConsistencyTokens = { first.ConsistencyToken, second.ConsistencyToken, deleted.ConsistencyToken },
        })).Ok<BatchGetProductsResponse>();
        Assert.Equal([second.Name, first.Name, second.Name], answer.Products.Select(p => p.Name));
        Assert.Equal([missing, gone.Name], answer.Missing);

        (await catalog.CallAsync(via, new BatchGetProductsRequest())).FailsAt("names");
        (await catalog.CallAsync(via, new BatchGetProductsRequest { Names = { Enumerable.Repeat(first.Name, 101) } })).FailsAt("names");
        (await catalog.CallAsync(via, new BatchGetProductsRequest { Names = { first.Name, "x" } })).FailsAt("names[1]");
    }

    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task Suggestions_go_on_from_what_was_typed(Via via)
    {
        var word = TestProducts.Word();
        var created = await catalog.CreatedAsync(title: $"Oak {word} table");
        var answer = (await catalog.CallAsync(via, new SuggestProductsRequest { Query = $"oak {word[..8]}", ConsistencyTokens = { created.ConsistencyToken } })).Ok<SuggestProductsResponse>();
        var suggestion = Assert.Single(answer.Suggestions);
        Assert.Equal((created.Name, $"Oak {word} table"), (suggestion.Name, suggestion.Title));
        Assert.StartsWith("<em>Oak</em> <em>", suggestion.Highlight, StringComparison.Ordinal);
        (await catalog.CallAsync(via, new SuggestProductsRequest())).FailsAt("query");
        (await catalog.CallAsync(via, new SuggestProductsRequest { Query = new string('x', 257) })).FailsAt("query");
    }

    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task A_deleted_product_is_found_by_nobody(Via via)
    {
        var word = TestProducts.Word();
        await catalog.CreatedAsync(word, title: word);
        var deleted = await catalog.Writes().DeleteProductAsync(new DeleteProductRequest { Name = TestProducts.Name(word) });
        Assert.Empty((await SearchAsync(via, new SearchProductsRequest { Query = word, ConsistencyTokens = { deleted.ConsistencyToken } })).Results);
        Assert.Empty((await catalog.CallAsync(via, new SuggestProductsRequest { Query = word })).Ok<SuggestProductsResponse>().Suggestions);
        (await catalog.CallAsync(via, new GetProductRequest { Name = deleted.Name })).Fails(StatusCode.NotFound, ErrorReason.ProductNotFound);
    }

    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task The_projection_status_tells_that_everything_is_there(Via via)
    {
        await catalog.CreatedAsync();
        ProjectionStatus status = new();
        // While tests beside this one write to the same catalog, something is always on its way: it waits for them.
        await Eventually.NothingMissingAsync("the index is current", async () =>
        {
            status = (await catalog.CallAsync(via, new GetProjectionStatusRequest())).Ok<ProjectionStatus>();
            return status.Phase == ProjectionStatus.Types.Phase.Current ? null : status.ToString();
        }, 10 * Eventually.Patience);
        Assert.Equal((0L, 0L, false), (status.LagEvents, status.DeadLetters, status.DirectSync));
        Assert.NotEmpty(status.LogId);
        Assert.NotEmpty(status.WatchPosition);
        Assert.InRange(DateTime.UtcNow - status.ObserveTime.ToDateTime(), TimeSpan.FromSeconds(-5), TimeSpan.FromSeconds(30));
    }

    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task Reads_of_a_name_that_is_none_are_invalid(Via via) => (await catalog.CallAsync(via, new GetProductRequest { Name = "products/No_Name" })).FailsAt("name");

    private static string[] Names(SearchProductsResponse answer) => [.. answer.Results.Select(r => r.Product.Name)];

    private async Task<SearchProductsResponse> SearchAsync(Via via, SearchProductsRequest request) => (await catalog.CallAsync(via, request)).Ok<SearchProductsResponse>();
}
