using System.Text;
using Catalog.Queries;
using Catalog.Queries.Filtering;

namespace Catalog.Sqlite.Index.Documents;

/// <summary>A field that holds terms, shared by all of them, so that it is compared by reference.</summary>
internal sealed class TermField(Field field)
{
    public Field Field { get; } = field;

    /// <summary>How many terms there are. Only the writer looks at it.</summary>
    public int Uses { get; set; }
}

/// <summary>
/// A value that products share: a brand, a category, an attribute's value, a currency. Two products with the same value hold the same object.
/// </summary>
internal sealed class Term(TermField field, string value)
{
    private byte[]? _sortKey;

    public TermField Field { get; } = field;

    /// <summary>The value in UTF-8.</summary>
    public byte[] Value { get; } = Encoding.UTF8.GetBytes(value);

    /// <summary>The <see cref="SortText"/> key; empty for an empty value. Made when first needed: few fields are ever sorted by.</summary>
    public byte[] SortKey => _sortKey ??= SortText.Key(Text) ?? [];

    public string Text => Encoding.UTF8.GetString(Value);

    /// <summary>How many products hold it. Only the writer looks at it.</summary>
    public int Uses { get; set; }
}
