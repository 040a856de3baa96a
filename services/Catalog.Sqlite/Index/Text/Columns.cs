namespace Catalog.Sqlite.Index.Text;

/// <summary>The columns of the full text index, in their order, and what a word there says of a product.</summary>
internal static class Columns
{
    public const int Count = 6;

    /// <summary>As the table is declared with them.</summary>
    public const string Declared = "title, sku, brand, categories, attributes, description";

    /// <summary>Where a word says what the product is.</summary>
    public const string Naming = "title sku";

    /// <summary>Where a word says what the product is like.</summary>
    public const string Describing = "brand categories attributes";

    /// <summary>The title alone, for suggestions.</summary>
    public const string Title = "title";
}
