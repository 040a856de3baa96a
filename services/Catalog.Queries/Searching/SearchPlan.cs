using Catalog.Queries.Filtering;
using Catalog.V1;

namespace Catalog.Queries;

/// <summary>A search as an index runs it: parsed, checked, and the same for every adapter.</summary>
public sealed record SearchPlan
{
    /// <summary>Products that are larger than this together fit into no message, so an index may end the page before them; at least one makes a page (G10).</summary>
    public const int MaxBytes = 3_400_000;

    /// <summary>What must occur in the text; empty for every product.</summary>
    public required IReadOnlyList<TextClause> Text { get; init; }

    /// <summary>What else must hold; null for nothing.</summary>
    public FilterExpression? Filter { get; init; }

    /// <summary>
    /// What to sort by; the product id, ascending by its bytes, comes behind it as the last criterion.
    /// A missing value (a product without price; an empty brand) comes last, whatever the direction.
    /// </summary>
    public required IReadOnlyList<SortBy> Order { get; init; }

    /// <summary>Where the page before ended; null for the first page.</summary>
    public PageEnd? After { get; init; }

    /// <summary>How many hits at most.</summary>
    public required int PageSize { get; init; }

    /// <summary>The fields whose values to count over everything that matches.</summary>
    public IReadOnlyList<Field> Facets { get; init; } = [];

    /// <summary>How many values of each facet at most: by falling count, then by the value's bytes.</summary>
    public int FacetLimit { get; init; } = 10;

    /// <summary>The price ranges to count: [From, To) in nanos, null for no end.</summary>
    public IReadOnlyList<(long? From, long? To)> PriceRanges { get; init; } = [];
}

/// <summary>
/// One thing that the text of a product must hold. Terms are as <see cref="Tokenizer"/> makes them; the searched fields are SKU, title, brand, categories,
/// attribute values and description.
/// </summary>
public abstract record TextClause
{
    /// <summary>
    /// A word, within <paramref name="Typos"/> edits (insertion, deletion, substitution, or swap of neighbours).
    /// </summary>
    public sealed record Word(string Term, int Typos) : TextClause;

    /// <summary>A word that begins so.</summary>
    public sealed record Prefix(string Term) : TextClause;

    /// <summary>Words that follow one another within one field.</summary>
    public sealed record Phrase(IReadOnlyList<string> Terms) : TextClause;
}

/// <summary>One criterion of an order. <paramref name="Field"/> is null for relevance, best first.</summary>
public readonly record struct SortBy(Field? Field, bool Descending);

/// <summary>The place of a hit in the order of its search.</summary>
/// <param name="Values">
/// One value for each criterion: <see cref="long"/> for amounts (nanos), times (<see cref="DateTimeOffset.UtcTicks"/>) and quantities; <see cref="double"/> for
/// relevance; <see cref="SortText"/> keys (<c>byte[]</c>) for texts; null for a missing value.
/// </param>
/// <param name="ProductId">The product's id.</param>
public sealed record PageEnd(IReadOnlyList<object?> Values, string ProductId);

/// <summary>One page of a search.</summary>
/// <param name="Products">The hits in order.</param>
/// <param name="Next">The place of the last hit if more follow, else null. More may follow a page that is shorter than was asked for: see <see cref="SearchPlan.MaxBytes"/>.</param>
/// <param name="Total">How many products match in all.</param>
/// <param name="Facets">For each facet of the plan its values and counts.</param>
/// <param name="PriceRanges">For each price range of the plan its count.</param>
public sealed record SearchPage(
    IReadOnlyList<Product> Products, PageEnd? Next, long Total, IReadOnlyList<IReadOnlyList<FacetValue>> Facets, IReadOnlyList<long> PriceRanges);

/// <summary>What to suggest on: words that a title must hold, the last of them as the beginning of a word.</summary>
public sealed record SuggestPlan(IReadOnlyList<string> Words, int Limit);
