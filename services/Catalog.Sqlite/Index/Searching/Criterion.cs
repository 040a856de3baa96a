using Catalog.Queries;
using Catalog.Queries.Filtering;
using Catalog.Sqlite.Index.Documents;

namespace Catalog.Sqlite.Index.Searching;

/// <summary>One criterion of an order. What has no value comes last in either direction.</summary>
internal abstract class Criterion
{
    public static Criterion Of(SortBy by) => by.Field is not { } field ? new ByRelevance()
        : field.Kind is FieldKind.Price or FieldKind.StockQuantity or FieldKind.CreateTime or FieldKind.UpdateTime or FieldKind.Version or FieldKind.State
            ? new ByNumber(field.Kind, by.Descending)
            : new ByText(field, by.Descending);

    public abstract int Compare(Hit left, Hit right);

    /// <summary>Compares a hit with a value that <see cref="Value"/> gave.</summary>
    public abstract int CompareTo(Hit hit, object? value);

    /// <summary>As <see cref="PageEnd.Values"/> carries it.</summary>
    public abstract object? Value(Hit hit);

    private sealed class ByRelevance : Criterion
    {
        public override int Compare(Hit left, Hit right) => right.Rank.CompareTo(left.Rank);

        public override int CompareTo(Hit hit, object? value) => ((double)value!).CompareTo(hit.Rank);

        public override object Value(Hit hit) => hit.Rank;
    }

    private sealed class ByNumber(FieldKind kind, bool descending) : Criterion
    {
        public override int Compare(Hit left, Hit right) => Compare(left.Doc.Number(kind), right.Doc.Number(kind));

        public override int CompareTo(Hit hit, object? value) => Compare(hit.Doc.Number(kind), value is null ? Doc.Missing : (long)value);

        public override object? Value(Hit hit) => hit.Doc.Number(kind) is var number && number == Doc.Missing ? null : number;

        private int Compare(long left, long right) =>
            left == right ? 0 : left == Doc.Missing ? 1 : right == Doc.Missing ? -1 : descending ? right.CompareTo(left) : left.CompareTo(right);
    }

    private sealed class ByText(Field field, bool descending) : Criterion
    {
        public override int Compare(Hit left, Hit right) =>
            Compare(left.Doc.SortKey(field, stackalloc byte[SortText.MaxBytes]), right.Doc.SortKey(field, stackalloc byte[SortText.MaxBytes]));

        public override int CompareTo(Hit hit, object? value) => Compare(hit.Doc.SortKey(field, stackalloc byte[SortText.MaxBytes]), (byte[]?)value ?? []);

        public override object? Value(Hit hit) =>
            hit.Doc.SortKey(field, stackalloc byte[SortText.MaxBytes]) is { Length: > 0 } key ? key.ToArray() : null;

        private int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
        {
            if (left.Length == 0 || right.Length == 0) return (left.Length == 0).CompareTo(right.Length == 0);
            return descending ? right.SequenceCompareTo(left) : left.SequenceCompareTo(right);
        }
    }
}
