using Catalog.Queries.Filtering;
using Catalog.V1;
using Google.Protobuf.WellKnownTypes;
using Field = Catalog.Queries.Filtering.Field;

namespace Catalog.Tests.Queries.Filtering;

/// <summary>Whether a product satisfies a filter: what every index must agree with.</summary>
internal static class FilterEvaluator
{
    /// <summary>Whether the product satisfies the filter; null is satisfied by every product.</summary>
    public static bool Matches(this FilterExpression? filter, Product product) => filter switch
    {
        null => true,
        FilterExpression.And and => and.Terms.All(term => term.Matches(product)),
        FilterExpression.Or or => or.Terms.Any(term => term.Matches(product)),
        FilterExpression.Not not => !not.Term.Matches(product),
        FilterExpression.Present present => present.Field.Kind == FieldKind.Categories ? product.Categories.Count > 0 : ValueOf(present.Field, product) is not null,
        FilterExpression.Has has => Holds(has, product),
        FilterExpression.Compare compare => Compares(compare, product),
        _ => throw new ArgumentOutOfRangeException(nameof(filter), filter, "Not an expression of the filter language."),
    };

    private static bool Holds(FilterExpression.Has has, Product product) =>
        has.Field.Kind == FieldKind.Categories
            ? product.Categories.Contains(has.Value)
            : ValueOf(has.Field, product) is string text && FilterExpression.Has.FoldCase(text).Contains(FilterExpression.Has.FoldCase(has.Value), StringComparison.Ordinal);

    private static bool Compares(FilterExpression.Compare compare, Product product)
    {
        var value = ValueOf(compare.Field, product);
        if (value is null) return compare.Comparison == Comparison.NotEquals;
        var order = value is string text ? Utf8Order.Compare(text, (string)compare.Value) : ((IComparable)value).CompareTo(compare.Value);
        return compare.Comparison switch
        {
            Comparison.Equals => order == 0,
            Comparison.NotEquals => order != 0,
            Comparison.Less => order < 0,
            Comparison.LessOrEqual => order <= 0,
            Comparison.Greater => order > 0,
            _ => order >= 0,
        };
    }

    // A missing value is null; the types are those of FilterExpression.Compare.
    private static object? ValueOf(Field field, Product product) => field.Kind switch
    {
        FieldKind.Name => Text(product.Name),
        FieldKind.Sku => Text(product.Sku),
        FieldKind.Title => Text(product.Title),
        FieldKind.Brand => Text(product.Brand),
        FieldKind.Attribute => product.Attributes.TryGetValue(field.Key, out var value) ? value : null,
        FieldKind.Price => product.Price?.ToNanos(),
        FieldKind.CurrencyCode => Text(product.Price?.CurrencyCode),
        FieldKind.StockQuantity => product.StockQuantity,
        FieldKind.State => product.State,
        FieldKind.CreateTime => Ticks(product.CreateTime),
        FieldKind.UpdateTime => Ticks(product.UpdateTime),
        FieldKind.Version => product.Version,
        _ => throw new ArgumentOutOfRangeException(nameof(field), field, "Has no single value."),
    };

    private static string? Text(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static object? Ticks(Timestamp? time) => time?.ToDateTimeOffset().UtcTicks;
}
