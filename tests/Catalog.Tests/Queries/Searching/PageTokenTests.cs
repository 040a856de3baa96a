using Catalog.Internal.V1;
using Catalog.Queries;
using Catalog.V1;
using CsCheck;

namespace Catalog.Tests.Queries.Searching;

public class PageTokenTests
{
    private static readonly SearchProductsRequest Query = new() { Query = "lamp", OrderBy = "price desc, title", PageSize = 5 };

    private static readonly PageEnd End = new([12_500_000_000L, "lamp"u8.ToArray()], "lamp-1");

    [Fact]
    public void A_token_leads_to_where_the_page_before_ended()
    {
        var (after, problem) = Read(Query, PageTokens.Write(End, PageTokens.HashOf(Query)));
        Assert.Null(problem);
        Assert.Equal("lamp-1", after!.ProductId);
        Assert.Equal(End.Values, after.Values);
    }

    [Fact]
    public void A_token_keeps_scores_and_what_is_missing()
    {
        var byRelevance = new SearchProductsRequest { Query = "lamp" };
        Assert.Equal([0.1 + 0.2], Read(byRelevance, PageTokens.Write(new PageEnd([0.1 + 0.2], "a"), PageTokens.HashOf(byRelevance))).After!.Values);
        Assert.Equal([null, null], Read(Query, PageTokens.Write(new PageEnd([null, null], "a"), PageTokens.HashOf(Query))).After!.Values);
        Assert.Empty(Read(new SearchProductsRequest(), PageTokens.Write(new PageEnd([], "a"), PageTokens.HashOf(new SearchProductsRequest()))).After!.Values);
    }

    [Fact]
    public void A_token_holds_while_only_the_page_and_the_consistency_tokens_change()
    {
        var next = Query.Clone();
        next.PageSize = 50;
        next.ConsistencyTokens.Add("any");
        Assert.NotNull(Read(next, PageTokens.Write(End, PageTokens.HashOf(Query))).After);
    }

    public static TheoryData<string, Action<SearchProductsRequest>> OtherQueries => new()
    {
        { "query", request => request.Query = "lamps" },
        { "filter", request => request.Filter = "brand = Acme" },
        { "order", request => request.OrderBy = "title, price desc" },
        { "facets", request => request.Facets.Add("brand") },
        { "facet limit", request => request.FacetLimit = 3 },
        { "price ranges", request => request.PriceRanges.Add(new PriceRange { From = "1" }) },
        { "highlight", request => request.Highlight = true },
    };

    [Theory]
    [MemberData(nameof(OtherQueries), DisableDiscoveryEnumeration = true)]
    public void A_token_of_another_query_is_refused(string what, Action<SearchProductsRequest> change)
    {
        var other = Query.Clone();
        change(other);
        var (after, problem) = Read(other, PageTokens.Write(End, PageTokens.HashOf(Query)));
        Assert.Null(after);
        Assert.True(problem!.StartsWith("is of another query", StringComparison.Ordinal), what);
    }

    [Fact]
    public void A_token_that_was_damaged_is_refused()
    {
        var token = PageTokens.Write(End, PageTokens.HashOf(Query));
        Gen.Select(Gen.Int[0, token.Length - 1], Gen.Char["abcXYZ019-_ =%"], Gen.Bool).Sample((at, c, cut) =>
        {
            var damaged = cut ? token[..at] : token[..at] + c + token[(at + 1)..];
            if (damaged == token || damaged.Length == 0) return;
            // Bits behind the last byte mean nothing; what decodes to the same token is the same token.
            var (after, problem) = Read(Query, damaged);
            Assert.True(after is null ? problem is not null : after.ProductId == End.ProductId);
        });
        Assert.Contains("damaged", Read(Query, "nonsense").Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_token_that_was_made_up_is_refused()
    {
        var hash = PageTokens.HashOf(Query);
        foreach (var end in new PageEnd[] { new([1L], "a"), new(["x"u8.ToArray(), 1L], "a"), new([1L, 2L], "a"), new([1.5, null], "a"), new([null, null], "No Id") })
            Assert.Contains("start again", Read(Query, PageTokens.Write(end, hash)).Problem, StringComparison.Ordinal);
        var byRelevance = new SearchProductsRequest { Query = "lamp" };
        Assert.NotNull(Read(byRelevance, PageTokens.Write(new PageEnd([double.NaN], "a"), PageTokens.HashOf(byRelevance))).Problem);
        Assert.NotNull(Read(Query, OpaqueText.Encode(new ConsistencyToken { LogId = "log" })).Problem);
    }

    private static (PageEnd? After, string? Problem) Read(SearchProductsRequest query, string token)
    {
        var request = query.Clone();
        request.PageToken = token;
        var violations = new Violations();
        var plan = SearchRequests.Read(request, violations);
        Assert.All(violations.Found, violation => Assert.Equal("page_token", violation.Field));
        return (plan.After, violations.Found.Count > 0 ? violations.Found[0].Description : null);
    }
}
