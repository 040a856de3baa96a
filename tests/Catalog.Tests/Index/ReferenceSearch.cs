using Catalog.Queries;
using Catalog.Queries.Filtering;
using Catalog.Tests.Queries.Filtering;
using Catalog.V1;

namespace Catalog.Tests.Index;

/// <summary>A search done the plain way, over a list of products: what every index must agree with.</summary>
internal static class ReferenceSearch
{
    /// <summary>Everything that matches, in order. Not for relevance.</summary>
    public static List<Product> Find(IEnumerable<Product> products, SearchPlan plan)
    {
        var found = products.Where(product => product.State != Product.Types.State.Deleted && plan.Filter.Matches(product))
            .Where(product => plan.Text.All(clause => Holds(product, clause))).ToList();
        found.Sort((left, right) => Compare(plan, left, right));
        return found;
    }

    /// <summary>The values of a field with their counts, in the order of facets.</summary>
    public static List<(string Value, long Count)> Count(IEnumerable<Product> found, Field field) =>
        [.. found.SelectMany(product => Values(product, field)).GroupBy(value => value, StringComparer.Ordinal).Select(group => (group.Key, group.LongCount()))
            .OrderByDescending(pair => pair.Item2).ThenBy(pair => pair.Key, Comparer<string>.Create(Utf8Order.Compare))];

    /// <summary>How many prices lie in a range.</summary>
    public static long Count(IEnumerable<Product> found, (long? From, long? To) range) =>
        found.Count(product => product.Price?.ToNanos() is { } nanos && nanos >= (range.From ?? 0) && nanos < (range.To ?? long.MaxValue));

    private static IEnumerable<string> Values(Product product, Field field) => field.Kind switch
    {
        FieldKind.Brand => product.Brand.Length > 0 ? [product.Brand] : [],
        FieldKind.Categories => product.Categories,
        FieldKind.State => [product.State.ToString().ToUpperInvariant()],
        FieldKind.CurrencyCode => product.Price is { } price ? [price.CurrencyCode] : [],
        FieldKind.Attribute => product.Attributes.TryGetValue(field.Key, out var value) ? [value] : [],
        _ => throw new ArgumentOutOfRangeException(nameof(field)),
    };

    private static bool Holds(Product product, TextClause clause)
    {
        IEnumerable<string> texts = [product.Title, product.Sku, product.Brand, .. product.Categories, .. product.Attributes.Values, product.Description];
        return texts.Any(text =>
        {
            var terms = Tokenizer.Tokens(text).Select(token => token.Term).ToArray();
            return clause switch
            {
                TextClause.Word word => terms.Any(term => EditDistance.Bounded(word.Term, term, word.Typos) <= word.Typos),
                TextClause.Prefix prefix => terms.Any(term => term.StartsWith(prefix.Term, StringComparison.Ordinal)),
                TextClause.Phrase phrase => Enumerable.Range(0, Math.Max(0, terms.Length - phrase.Terms.Count + 1))
                    .Any(start => terms.AsSpan(start, phrase.Terms.Count).SequenceEqual(phrase.Terms.ToArray())),
                _ => throw new ArgumentOutOfRangeException(nameof(clause)),
            };
        });
    }

    private static int Compare(SearchPlan plan, Product left, Product right)
    {
        foreach (var by in plan.Order)
        {
            var order = Compare(Key(left, by.Field!.Value.Kind), Key(right, by.Field.Value.Kind), by.Descending);
            if (order != 0) return order;
        }
        return string.CompareOrdinal(left.Name, right.Name);
    }

    private static int Compare(object? left, object? right, bool descending)
    {
        if (left is null || right is null) return (left is null).CompareTo(right is null);
        var order = left is byte[] bytes ? bytes.AsSpan().SequenceCompareTo((byte[])right) : ((long)left).CompareTo((long)right);
        return descending ? -order : order;
    }

    private static object? Key(Product product, FieldKind field) => field switch
    {
        FieldKind.Name => SortText.Key(product.Name),
        FieldKind.Sku => SortText.Key(product.Sku),
        FieldKind.Title => SortText.Key(product.Title),
        FieldKind.Brand => SortText.Key(product.Brand),
        FieldKind.Price => product.Price?.ToNanos(),
        FieldKind.StockQuantity => product.StockQuantity,
        FieldKind.CreateTime => product.CreateTime?.ToDateTimeOffset().UtcTicks,
        FieldKind.UpdateTime => product.UpdateTime?.ToDateTimeOffset().UtcTicks,
        _ => throw new ArgumentOutOfRangeException(nameof(field)),
    };
}
