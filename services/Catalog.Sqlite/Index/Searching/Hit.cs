using Catalog.Queries;
using Catalog.Sqlite.Index.Documents;

namespace Catalog.Sqlite.Index.Searching;

/// <summary>A document that a search found.</summary>
internal readonly record struct Hit(Doc Doc, int Row, double Rank);

/// <summary>The order of a search, the product id behind it.</summary>
internal sealed class HitOrder : IComparer<Hit>
{
    private readonly Criterion[] _criteria;

    public HitOrder(IReadOnlyList<SortBy> order) => _criteria = [.. order.Select(Criterion.Of)];

    public int Compare(Hit left, Hit right)
    {
        foreach (var criterion in _criteria)
        {
            var order = criterion.Compare(left, right);
            if (order != 0) return order;
        }
        return left.Doc.Id.SequenceCompareTo(right.Doc.Id);
    }

    /// <summary>Whether a hit comes behind the place where a page ended.</summary>
    public bool IsBehind(Hit hit, PageEnd end, ReadOnlySpan<byte> endId)
    {
        for (var i = 0; i < _criteria.Length; i++)
        {
            var order = _criteria[i].CompareTo(hit, end.Values[i]);
            if (order != 0) return order > 0;
        }
        return hit.Doc.Id.SequenceCompareTo(endId) > 0;
    }

    /// <summary>The place of a hit.</summary>
    public PageEnd EndAt(Hit hit) => new([.. _criteria.Select(criterion => criterion.Value(hit))], System.Text.Encoding.ASCII.GetString(hit.Doc.Id));
}
