using Catalog.Queries.Filtering;

namespace Catalog.Elasticsearch.Reading;

/// <summary>Where the index keeps a field of a product, for each use of it.</summary>
internal static class Fields
{
    /// <summary>To compare and to count.</summary>
    public static ReadOnlySpan<byte> Value(FieldKind kind) => kind switch
    {
        FieldKind.Name => "name"u8,
        FieldKind.Sku => "sku"u8,
        FieldKind.Title => "title"u8,
        FieldKind.Brand => "brand"u8,
        FieldKind.Categories => "categories"u8,
        FieldKind.Attribute => "attributes"u8,
        FieldKind.Price => "price"u8,
        FieldKind.CurrencyCode => "currency"u8,
        FieldKind.StockQuantity => "stock"u8,
        FieldKind.State => "state"u8,
        FieldKind.CreateTime => "created"u8,
        FieldKind.UpdateTime => "updated"u8,
        FieldKind.Version => "version"u8,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a field."),
    };

    /// <summary>To look for a part, in lower case. Where there is nothing but ASCII, Elasticsearch can see to the case itself.</summary>
    public static ReadOnlySpan<byte> Lower(FieldKind kind, out bool isAscii)
    {
        isAscii = kind is FieldKind.Name or FieldKind.Sku or FieldKind.CurrencyCode;
        return kind switch
        {
            FieldKind.Title => "title_lower"u8,
            FieldKind.Brand => "brand_lower"u8,
            FieldKind.Attribute => "attributes_lower"u8,
            _ when isAscii => Value(kind),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Has no text to look in."),
        };
    }

    /// <summary>To sort by.</summary>
    public static ReadOnlySpan<byte> Sort(FieldKind kind) => kind switch
    {
        FieldKind.Sku => "sku_sort"u8,
        FieldKind.Title => "title_sort"u8,
        FieldKind.Brand => "brand_sort"u8,
        FieldKind.Name or FieldKind.Price or FieldKind.StockQuantity or FieldKind.CreateTime or FieldKind.UpdateTime => Value(kind),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Cannot be sorted by."),
    };
}
