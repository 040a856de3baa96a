using Catalog.Queries.Filtering;
using Catalog.V1;

namespace Catalog.Queries;

/// <summary>Reads requests into plans and notes everything that is wrong with them.</summary>
internal static class SearchRequests
{
    /// <summary>The longest text to suggest on, in bytes of UTF-8.</summary>
    public const int MaxSuggestBytes = 256;

    /// <summary>The plan of a search; of no use where there are violations.</summary>
    public static SearchPlan Read(SearchProductsRequest request, Violations violations)
    {
        if (!SearchText.TryParse(request.Query, out var text, out var problem)) violations.Add("query", problem);
        if (!FilterParser.TryParse(request.Filter, out var filter, out problem)) violations.Add("filter", problem);
        var before = violations.Found.Count;
        var order = SortOrder.Read(request.OrderBy, text.Count > 0, violations);
        var orderIsSound = violations.Found.Count == before;
        if (request.FacetLimit is < 0 or > 100) violations.Add("facet_limit", "must be between 1 and 100, or left out");
        return new SearchPlan
        {
            Text = text,
            Filter = filter,
            Order = order,
            PageSize = PageSize(request.PageSize, usual: 20, max: 100, violations),
            After = orderIsSound ? PageTokens.Read(request, order, violations) : null,
            Facets = FacetFields.Read(request.Facets, violations),
            FacetLimit = request.FacetLimit == 0 ? 10 : request.FacetLimit,
            PriceRanges = FacetFields.Read(request.PriceRanges, violations),
        };
    }

    /// <summary>The plan of a suggestion; of no use where there are violations.</summary>
    public static SuggestPlan Read(SuggestProductsRequest request, Violations violations)
    {
        if (string.IsNullOrWhiteSpace(request.Query)) violations.Add("query", "is required");
        else if (System.Text.Encoding.UTF8.GetByteCount(request.Query) > MaxSuggestBytes) violations.Add("query", $"longer than {MaxSuggestBytes} bytes");
        return new SuggestPlan(
            [.. Tokenizer.Tokens(request.Query).Select(token => token.Term)], PageSize(request.PageSize, usual: 10, max: 20, violations));
    }

    private static int PageSize(int asked, int usual, int max, Violations violations)
    {
        if (asked < 0) violations.Add("page_size", "must not be negative");
        return asked == 0 ? usual : Math.Min(asked, max);
    }
}
