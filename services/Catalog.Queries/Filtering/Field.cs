namespace Catalog.Queries.Filtering;

/// <summary>What can be filtered by, sorted by and counted.</summary>
public enum FieldKind
{
    /// <summary>The resource name.</summary>
    Name,
    /// <summary>The stock keeping unit.</summary>
    Sku,
    /// <summary>The title.</summary>
    Title,
    /// <summary>The brand.</summary>
    Brand,
    /// <summary>The categories.</summary>
    Categories,
    /// <summary>One attribute; <see cref="Field.Key"/> says which.</summary>
    Attribute,
    /// <summary>The amount of the price, in nanos, whatever the currency.</summary>
    Price,
    /// <summary>The ISO 4217 code of the price's currency.</summary>
    CurrencyCode,
    /// <summary>Units on hand.</summary>
    StockQuantity,
    /// <summary>The state.</summary>
    State,
    /// <summary>When the product was created.</summary>
    CreateTime,
    /// <summary>When the product was last changed.</summary>
    UpdateTime,
    /// <summary>The version.</summary>
    Version,
}

/// <summary>A field of a product as filters, orders and facets name it.</summary>
/// <param name="Kind">Which field.</param>
/// <param name="Key">The key of the attribute; empty for every other field.</param>
public readonly record struct Field(FieldKind Kind, string Key = "");
