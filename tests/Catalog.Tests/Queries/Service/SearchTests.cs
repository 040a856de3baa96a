using Catalog.Queries;
using Catalog.V1;
using Grpc.Core;

namespace Catalog.Tests.Queries.Service;

public class SearchTests
{
    private static readonly TestCall Call = new();

    [Fact]
    public async Task A_page_carries_results_highlights_facets_ranges_and_the_way_on()
    {
        using var side = new QuerySide();
        SearchPlan? asked = null;
        side.Index.Search = (plan, _) =>
        {
            asked = plan;
            return Task.FromResult(new SearchPage([QuerySide.Product("lamp")], plan.After is null ? new PageEnd([1.5], "lamp") : null, 7,
                [[new FacetValue { Value = "Acme", Count = 3 }]], [4]));
        };
        var request = new SearchProductsRequest { Query = "lamp", Highlight = true, Facets = { "brand" }, PriceRanges = { new PriceRange { From = "1" } } };
        var first = await side.Service.SearchProducts(request, Call);
        Assert.Equal(7, first.TotalSize);
        Assert.Equal("<em>lamp</em>", Assert.Single(Assert.Single(first.Results).Highlights).Fragment);
        Assert.Equal(("brand", "Acme", 3), (first.Facets[0].Field, first.Facets[0].Values[0].Value, first.Facets[0].Values[0].Count));
        Assert.Equal(("1", 4), (first.PriceRanges[0].Range.From, first.PriceRanges[0].Count));
        Assert.Null(asked!.After);

        request.PageToken = first.NextPageToken;
        var last = await side.Service.SearchProducts(request, Call);
        Assert.Equal(("lamp", 1.5), (asked.After!.ProductId, asked.After.Values[0]));
        Assert.Empty(last.NextPageToken);
        Assert.Equal(0, side.Index.OpenReaders);
    }

    [Fact]
    public async Task A_page_that_is_larger_than_a_message_ends_early_and_goes_on_from_there()
    {
        using var side = new QuerySide();
        Product[] products = [.. Enumerable.Range(0, 100).Select(i => QuerySide.Product($"p{i:000}"))];
        foreach (var product in products) product.Description = new string('x', 64 * 1024);
        side.Index.Search = (plan, _) => Task.FromResult(new SearchPage(
            [.. products.Take(plan.PageSize)], plan.PageSize < 100 ? new PageEnd([], $"p{plan.PageSize - 1:000}") : null, 100, [.. plan.Facets.Select(_ => (IReadOnlyList<FacetValue>)[])], []));
        var response = await side.Service.SearchProducts(new SearchProductsRequest { PageSize = 100, Facets = { "brand" } }, Call);
        Assert.InRange(response.CalculateSize(), 3_000_000, 4 * 1024 * 1024);
        Assert.Single(response.Facets);
        var violations = new Violations();
        var next = SearchRequests.Read(new SearchProductsRequest { PageSize = 100, Facets = { "brand" }, PageToken = response.NextPageToken }, violations);
        Assert.Equal(response.Results[^1].Product.Name, "products/" + next.After!.ProductId);
    }

    [Fact]
    public async Task A_page_whose_products_grow_while_it_is_cut_leaves_none_out()
    {
        using var side = new QuerySide();
        var searches = 0;
        side.Index.Search = (plan, _) =>
        {
            var size = searches++ == 0 ? 100_000 : 200_000;
            var products = Enumerable.Range(0, 50).Select(i => QuerySide.Product($"p{i:000}")).ToList();
            products.ForEach(product => product.Description = new string('x', size));
            return Task.FromResult(new SearchPage([.. products.Take(plan.PageSize)], plan.PageSize < 50 ? new PageEnd([], $"p{plan.PageSize - 1:000}") : null, 50, [], []));
        };
        var response = await side.Service.SearchProducts(new SearchProductsRequest { PageSize = 50 }, Call);
        Assert.InRange(response.CalculateSize(), 3_000_000, 4 * 1024 * 1024);
        var next = SearchRequests.Read(new SearchProductsRequest { PageSize = 50, PageToken = response.NextPageToken }, new Violations());
        Assert.Equal(response.Results[^1].Product.Name, "products/" + next.After!.ProductId);
    }

    [Fact]
    public async Task Too_many_searches_at_once_are_refused_early_and_the_others_answered()
    {
        using var side = new QuerySide(options => (options.MaxConcurrentSearches, options.MaxQueuedSearches) = (2, 3));
        var (running, most) = (0, 0);
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        side.Index.Search = async (_, _) =>
        {
            most = Math.Max(most, Interlocked.Increment(ref running));
            await go.Task;
            Interlocked.Decrement(ref running);
            return new SearchPage([], null, 0, [], []);
        };
        List<Task> accepted = [.. Enumerable.Range(0, 5).Select(_ => side.Service.SearchProducts(new SearchProductsRequest(), Call))];
        for (var i = 0; i < 3; i++)
        {
            var refusal = await QuerySide.RefusalOf(side.Service.SearchProducts(new SearchProductsRequest(), Call));
            Assert.Equal((StatusCode.ResourceExhausted, "OVERLOADED"), (refusal.Code, refusal.Reason));
            Assert.NotNull(refusal.RetryAfter);
        }
        Assert.Equal("OVERLOADED", (await QuerySide.RefusalOf(side.Service.SuggestProducts(new SuggestProductsRequest { Query = "a" }, Call))).Reason);
        Assert.Equal(2, running);
        go.SetResult();
        await Task.WhenAll(accepted).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Equal(2, most);
        await side.Service.SearchProducts(new SearchProductsRequest(), Call);
        Assert.Equal(0, side.Index.OpenReaders);
    }

    [Fact]
    public async Task A_search_that_is_given_up_in_the_queue_leaves_its_place_to_another()
    {
        using var side = new QuerySide(options => (options.MaxConcurrentSearches, options.MaxQueuedSearches) = (1, 1));
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        side.Index.Search = async (_, _) =>
        {
            await go.Task;
            return new SearchPage([], null, 0, [], []);
        };
        var running = side.Service.SearchProducts(new SearchProductsRequest(), Call);
        using var gone = new CancellationTokenSource();
        var queued = side.Service.SearchProducts(new SearchProductsRequest(), new TestCall(null, gone.Token));
        await gone.CancelAsync();
        Assert.Equal(StatusCode.Cancelled, (await QuerySide.RefusalOf(queued)).Code);
        var next = side.Service.SearchProducts(new SearchProductsRequest(), Call);
        go.SetResult();
        await Task.WhenAll(running, next).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Suggestions_show_what_was_typed()
    {
        using var side = new QuerySide();
        side.Index.Put(new Product { Name = "products/a", Title = "Garden lamp" });
        var suggestion = Assert.Single((await side.Service.SuggestProducts(new SuggestProductsRequest { Query = "Gard" }, Call)).Suggestions);
        Assert.Equal(("products/a", "Garden lamp", "<em>Gard</em>en lamp"), (suggestion.Name, suggestion.Title, suggestion.Highlight));
        Assert.Empty((await side.Service.SuggestProducts(new SuggestProductsRequest { Query = "?!" }, Call)).Suggestions);
        Assert.Equal(0, side.Index.OpenReaders);
    }

    [Fact]
    public async Task A_suggestion_needs_something_typed()
    {
        using var side = new QuerySide();
        Assert.Equal(["query", "page_size"], (await QuerySide.RefusalOf(side.Service.SuggestProducts(new SuggestProductsRequest { Query = " ", PageSize = -1 }, Call))).Fields);
        Assert.Equal(["query"], (await QuerySide.RefusalOf(side.Service.SuggestProducts(new SuggestProductsRequest { Query = new string('é', 129) }, Call))).Fields);
    }
}
