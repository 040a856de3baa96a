using Catalog.Queries.Filtering;

namespace Catalog.Sqlite.Index.Documents;

/// <summary>
/// The terms in use, so that equal values are one object. Counts its users, because values come and go: without that, prices in attributes would
/// fill the memory. Used by the writer alone.
/// </summary>
internal sealed class TermTable
{
    private readonly Dictionary<Field, TermField> _fields = [];
    private readonly Dictionary<(TermField Field, string Value), Term> _terms = [];

    public int Count => _terms.Count;

    /// <summary>The term, used once more.</summary>
    public Term Take(Field field, string value)
    {
        if (!_fields.TryGetValue(field, out var shared)) _fields.Add(field, shared = new TermField(field));
        if (!_terms.TryGetValue((shared, value), out var term))
        {
            _terms.Add((shared, value), term = new Term(shared, value));
            shared.Uses++;
        }
        term.Uses++;
        return term;
    }

    /// <summary>The terms of a product that is no longer there, used once less.</summary>
    public void Release(Doc doc)
    {
        foreach (var term in doc.Terms) Release(term);
        Release(doc.Brand);
        Release(doc.Currency);
    }

    private void Release(Term? term)
    {
        if (term is null || --term.Uses > 0) return;
        _terms.Remove((term.Field, term.Text));
        if (--term.Field.Uses == 0) _fields.Remove(term.Field.Field);
    }
}
