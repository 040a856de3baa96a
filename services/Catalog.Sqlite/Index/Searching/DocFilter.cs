using System.Buffers;
using System.Text;
using Catalog.Queries.Filtering;
using Catalog.Sqlite.Index.Documents;

namespace Catalog.Sqlite.Index.Searching;

/// <summary>Makes of a filter what decides on a document, as <see cref="FilterExpression"/> says of the product.</summary>
internal static class DocFilter
{
    private static readonly Field Categories = new(FieldKind.Categories);

    public static Func<Doc, bool> Compile(FilterExpression? filter)
    {
        switch (filter)
        {
            case null:
                return static _ => true;
            case FilterExpression.And and:
                var all = and.Terms.Select(Compile).ToArray();
                return doc =>
                {
                    foreach (var term in all)
                        if (!term(doc)) return false;
                    return true;
                };
            case FilterExpression.Or or:
                var any = or.Terms.Select(Compile).ToArray();
                return doc =>
                {
                    foreach (var term in any)
                        if (term(doc)) return true;
                    return false;
                };
            case FilterExpression.Not not:
                var term = Compile(not.Term);
                return doc => !term(doc);
            case FilterExpression.Present { Field: var field }:
                if (field == Categories) return static doc => doc.Terms.Any(static term => term.Field.Field == Categories);
                if (IsNumber(field)) return doc => doc.Number(field.Kind) != Doc.Missing;
                return doc => doc.TryText(field, out _);
            case FilterExpression.Has { Field: var field, Value: var value }:
                return field == Categories ? HasCategory(Encoding.UTF8.GetBytes(value)) : HasPart(field, FilterExpression.Has.FoldCase(value));
            case FilterExpression.Compare compare:
                return IsNumber(compare.Field) ? CompareNumber(compare) : CompareText(compare);
            default:
                throw new ArgumentOutOfRangeException(nameof(filter), filter, "Not an expression of the filter language.");
        }
    }

    private static bool IsNumber(Field field) =>
        field.Kind is FieldKind.Price or FieldKind.StockQuantity or FieldKind.State or FieldKind.CreateTime or FieldKind.UpdateTime or FieldKind.Version;

    private static Func<Doc, bool> HasCategory(byte[] value) => doc =>
    {
        foreach (var term in doc.Terms)
            if (term.Field.Field == Categories && term.Value.AsSpan().SequenceEqual(value)) return true;
        return false;
    };

    private static Func<Doc, bool> HasPart(Field field, string folded)
    {
        var part = Encoding.UTF8.GetBytes(folded);
        return doc =>
        {
            if (!doc.TryText(field, out var text)) return false;
            if (!Ascii.IsValid(text)) return FilterExpression.Has.FoldCase(Encoding.UTF8.GetString(text)).Contains(folded, StringComparison.Ordinal);
            if (text.Length > 1024) return Contains(text, part, new byte[text.Length]);
            return Contains(text, part, stackalloc byte[text.Length]);
        };
    }

    private static bool Contains(ReadOnlySpan<byte> text, ReadOnlySpan<byte> part, Span<byte> lower) =>
        Ascii.ToLower(text, lower, out _) == OperationStatus.Done && lower.IndexOf(part) >= 0;

    private static Func<Doc, bool> CompareNumber(FilterExpression.Compare compare)
    {
        var kind = compare.Field.Kind;
        var value = kind == FieldKind.State ? (int)(V1.Product.Types.State)compare.Value : (long)compare.Value;
        var holds = Holds(compare.Comparison);
        var missing = compare.Comparison == Comparison.NotEquals;
        return doc => doc.Number(kind) is var number && number == Doc.Missing ? missing : holds(number.CompareTo(value));
    }

    private static Func<Doc, bool> CompareText(FilterExpression.Compare compare)
    {
        var field = compare.Field;
        var value = Encoding.UTF8.GetBytes((string)compare.Value);
        var holds = Holds(compare.Comparison);
        var missing = compare.Comparison == Comparison.NotEquals;
        return doc => doc.TryText(field, out var text) ? holds(text.SequenceCompareTo(value)) : missing;
    }

    private static Func<int, bool> Holds(Comparison comparison) => comparison switch
    {
        Comparison.Equals => static order => order == 0,
        Comparison.NotEquals => static order => order != 0,
        Comparison.Less => static order => order < 0,
        Comparison.LessOrEqual => static order => order <= 0,
        Comparison.Greater => static order => order > 0,
        _ => static order => order >= 0,
    };
}
