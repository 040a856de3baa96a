using Catalog.Queries.Filtering;
using Catalog.V1;
using CsCheck;

namespace Catalog.Tests.Index;

/// <summary>Every kind of filter that the language has, over the values of <see cref="RandomProducts"/>.</summary>
internal static class RandomFilters
{
    private static readonly Gen<Comparison> AnyComparison = Gen.Enum<Comparison>();

    private static readonly Gen<Comparison> Equality = Gen.OneOf(Comparison.Equals, Comparison.NotEquals);

    private static readonly Gen<Field> TextField =
        Gen.OneOf(FieldKind.Name, FieldKind.Sku, FieldKind.Title, FieldKind.Brand, FieldKind.CurrencyCode).Select(kind => new Field(kind));

    private static readonly Gen<Field> Attribute = RandomProducts.Key.Select(key => new Field(FieldKind.Attribute, key));

    private static readonly Gen<string> Value =
        Gen.OneOf(RandomProducts.Value, RandomProducts.Text, Gen.OneOf("EUR", "USD", "products/p1", "products/p10", "SKU-5", "sku", "/P", "e", "Ä"));

    private static readonly Gen<FilterExpression> Leaf = Gen.OneOf(
        Gen.Select(TextField, AnyComparison, Value).Select((field, comparison, value) => (FilterExpression)new FilterExpression.Compare(field, comparison, value)),
        Gen.Select(Attribute, Equality, Value).Select((field, comparison, value) => (FilterExpression)new FilterExpression.Compare(field, comparison, value)),
        Number(FieldKind.Price, Gen.Select(Gen.Long[-1, 51], Gen.Long[0, 3]).Select((units, quarter) => units * 1_000_000_000 + quarter * 250_000_000)),
        Number(FieldKind.StockQuantity, Gen.Long[-1, 21]),
        Number(FieldKind.Version, Gen.Long[0, 10]),
        Number(FieldKind.CreateTime, Gen.Int[-1, 22].Select(day => new DateTimeOffset(2024, 1, 1, 0, 0, 0, TimeSpan.Zero).AddDays(day).UtcTicks)),
        Number(FieldKind.UpdateTime, Gen.Int[-1, 22].Select(day => new DateTimeOffset(2024, 1, 1, 0, 0, 0, TimeSpan.Zero).AddDays(day).UtcTicks)),
        Gen.Select(Equality, Gen.Enum<Product.Types.State>())
            .Select((comparison, state) => (FilterExpression)new FilterExpression.Compare(new Field(FieldKind.State), comparison, state)),
        Gen.Select(Gen.OneOf(TextField, Attribute, Gen.Const(new Field(FieldKind.Categories))), Value)
            .Select((field, value) => (FilterExpression)new FilterExpression.Has(field, value)),
        Gen.OneOf(TextField, Attribute, Gen.OneOf(FieldKind.Categories, FieldKind.Price, FieldKind.CreateTime, FieldKind.UpdateTime).Select(kind => new Field(kind)))
            .Select(field => (FilterExpression)new FilterExpression.Present(field)));

    public static readonly Gen<FilterExpression> Any = Gen.Recursive<FilterExpression>((depth, inner) => depth > 2 ? Leaf : Gen.Frequency(
        (4, Leaf),
        (1, inner.Array[2, 3].Select(terms => (FilterExpression)new FilterExpression.And(terms))),
        (1, inner.Array[2, 3].Select(terms => (FilterExpression)new FilterExpression.Or(terms))),
        (1, inner.Select(term => (FilterExpression)new FilterExpression.Not(term)))));

    private static Gen<FilterExpression> Number(FieldKind kind, Gen<long> value) =>
        Gen.Select(AnyComparison, value).Select((comparison, number) => (FilterExpression)new FilterExpression.Compare(new Field(kind), comparison, number));
}
