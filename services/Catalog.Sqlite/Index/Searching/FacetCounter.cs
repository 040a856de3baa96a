using System.Runtime.InteropServices;
using Catalog.Queries;
using Catalog.Queries.Filtering;
using Catalog.Sqlite.Index.Documents;
using Catalog.V1;

namespace Catalog.Sqlite.Index.Searching;

/// <summary>Counts the values of some fields, and the prices in some ranges.</summary>
internal sealed class FacetCounter
{
    private readonly SearchPlan _plan;
    private readonly Dictionary<Term, int>[] _counts;
    private readonly long[] _states = new long[byte.MaxValue + 1];
    private readonly long[] _ranges;
    private readonly bool _countsTerms;
    private readonly int _brand, _currency;
    private readonly Dictionary<TermField, int> _facetOf = [];

    public FacetCounter(SearchPlan plan)
    {
        _plan = plan;
        _counts = [.. plan.Facets.Select(_ => new Dictionary<Term, int>())];
        _ranges = new long[plan.PriceRanges.Count];
        _brand = IndexOf(new Field(FieldKind.Brand));
        _currency = IndexOf(new Field(FieldKind.CurrencyCode));
        _countsTerms = plan.Facets.Any(field => field.Kind is FieldKind.Categories or FieldKind.Attribute);
    }

    public void Add(Doc doc)
    {
        if (_brand >= 0 && doc.Brand is { } brand) Count(_brand, brand);
        if (_currency >= 0 && doc.Currency is { } currency) Count(_currency, currency);
        _states[doc.State]++;
        if (_countsTerms)
            foreach (var term in doc.Terms)
                if (FacetOf(term.Field) is >= 0 and var facet) Count(facet, term);
        if (doc.Price == Doc.Missing) return;
        for (var i = 0; i < _ranges.Length; i++)
            if (doc.Price >= (_plan.PriceRanges[i].From ?? long.MinValue) && (_plan.PriceRanges[i].To is not { } to || doc.Price < to)) _ranges[i]++;
    }

    public IReadOnlyList<long> Ranges => _ranges;

    public IReadOnlyList<IReadOnlyList<FacetValue>> Facets() => [.. _plan.Facets.Select(ValuesOf)];

    private IReadOnlyList<FacetValue> ValuesOf(Field field)
    {
        if (field.Kind == FieldKind.State)
            return [.. Enum.GetValues<Product.Types.State>().Where(state => _states[(int)state] > 0)
                .Select(state => new FacetValue { Value = state.ToString().ToUpperInvariant(), Count = _states[(int)state] })
                .OrderByDescending(value => value.Count).ThenBy(value => value.Value, StringComparer.Ordinal).Take(_plan.FacetLimit)];
        // Not by LINQ: there may be a value for each product.
        var best = new PriorityQueue<Term, (Term Term, int Count)>(Comparer<(Term Term, int Count)>.Create((left, right) => -Compare(left, right)));
        foreach (var (term, count) in _counts[IndexOf(field)])
        {
            if (best.Count < _plan.FacetLimit) best.Enqueue(term, (term, count));
            else if (best.TryPeek(out _, out var last) && Compare((term, count), last) < 0) best.DequeueEnqueue(term, (term, count));
        }
        var values = new FacetValue[best.Count];
        for (var i = values.Length - 1; i >= 0; i--)
        {
            best.TryDequeue(out var term, out var rank);
            values[i] = new FacetValue { Value = term!.Text, Count = rank.Count };
        }
        return values;
    }

    private static int Compare((Term Term, int Count) left, (Term Term, int Count) right) =>
        left.Count != right.Count ? right.Count.CompareTo(left.Count) : left.Term.Value.AsSpan().SequenceCompareTo(right.Term.Value);

    private void Count(int facet, Term term) => CollectionsMarshal.GetValueRefOrAddDefault(_counts[facet], term, out _)++;

    private int FacetOf(TermField field)
    {
        if (!_facetOf.TryGetValue(field, out var facet)) _facetOf.Add(field, facet = IndexOf(field.Field));
        return facet;
    }

    private int IndexOf(Field field)
    {
        for (var i = 0; i < _plan.Facets.Count; i++)
            if (_plan.Facets[i] == field) return i;
        return -1;
    }
}
