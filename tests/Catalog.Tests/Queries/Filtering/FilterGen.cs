using Catalog.Queries.Filtering;
using Catalog.V1;
using CsCheck;
using State = Catalog.V1.Product.Types.State;

namespace Catalog.Tests.Queries.Filtering;

/// <summary>Random expressions, as deep as asked for; every one can be written as a filter.</summary>
internal static class FilterGen
{
    private static readonly Gen<string> Texts = Gen.OneOf<string>(
        Gen.OneOf("Acme", "AND", "NOT", "*", "a b", "\"", "'", "`", "\\", "\\n", "\n", "products/a", "café", "😀", "(", "1.5", ""),
        Gen.String[Gen.Char.AlphaNumeric, 1, 8],
        Gen.String[1, 8].Where(text => !text.Contains('\0')));

    private static readonly Gen<string> NonEmpty = Texts.Where(text => text.Length > 0);

    private static readonly Gen<Comparison> Comparisons = Gen.Enum<Comparison>();

    private static readonly Gen<Comparison> Equalities = Gen.OneOf(Comparison.Equals, Comparison.NotEquals);

    private static readonly Gen<Field> TextFields =
        Gen.OneOf(FieldKind.Sku, FieldKind.Title, FieldKind.Brand, FieldKind.CurrencyCode).Select(kind => new Field(kind));

    private static readonly Gen<Field> Attributes = NonEmpty.Select(key => new Field(FieldKind.Attribute, key));

    private static readonly Gen<FilterExpression> Restrictions = Gen.OneOf<FilterExpression>(
        Gen.Select(TextFields, Comparisons, NonEmpty, (field, comparison, value) => new FilterExpression.Compare(field, comparison, value)),
        Gen.Select(Attributes, Equalities, Texts, (field, comparison, value) => new FilterExpression.Compare(field, comparison, value)),
        Gen.Select(Equalities, Gen.OneOf(State.Draft, State.Active, State.Discontinued),
            (comparison, state) => new FilterExpression.Compare(new Field(FieldKind.State), comparison, state)),
        Gen.Select(Comparisons, Gen.Long[-Amount.MaxUnits * Amount.NanosPerUnit, Amount.MaxUnits * Amount.NanosPerUnit],
            (comparison, nanos) => new FilterExpression.Compare(new Field(FieldKind.Price), comparison, nanos)),
        Gen.Select(Gen.OneOf(FieldKind.StockQuantity, FieldKind.Version), Comparisons, Gen.Long,
            (kind, comparison, number) => new FilterExpression.Compare(new Field(kind), comparison, number)),
        Gen.Select(Gen.OneOf(FieldKind.CreateTime, FieldKind.UpdateTime), Comparisons, Gen.DateTime,
            (kind, comparison, time) => new FilterExpression.Compare(new Field(kind), comparison, time.Ticks)),
        Gen.Select(Gen.OneOf<Field>(TextFields, Attributes, Gen.Const(new Field(FieldKind.Categories))), NonEmpty,
            (field, value) => new FilterExpression.Has(field, value)),
        Gen.OneOf<Field>(TextFields, Attributes, Gen.OneOf(FieldKind.Categories, FieldKind.Price, FieldKind.Name).Select(kind => new Field(kind)))
            .Select(field => new FilterExpression.Present(field)));

    public static Gen<FilterExpression> Expressions(int depth)
    {
        if (depth == 0) return Restrictions;
        var inner = Expressions(depth - 1);
        return Gen.OneOf<FilterExpression>(
            Restrictions,
            inner.List[2, 3].Select(terms => (FilterExpression)new FilterExpression.And(terms)),
            inner.List[2, 3].Select(terms => (FilterExpression)new FilterExpression.Or(terms)),
            inner.Select(term => (FilterExpression)new FilterExpression.Not(term)));
    }
}
