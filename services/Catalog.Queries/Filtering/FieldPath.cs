using System.Collections.Frozen;

namespace Catalog.Queries.Filtering;

/// <summary>How filters, orders and facets write a field: <c>brand</c>, <c>price.currency_code</c>, <c>attributes.color</c>, <c>attributes."any key"</c>.</summary>
internal static class FieldPath
{
    private static readonly FrozenDictionary<string, FieldKind> Kinds = new Dictionary<string, FieldKind>(StringComparer.Ordinal)
    {
        ["name"] = FieldKind.Name,
        ["sku"] = FieldKind.Sku,
        ["title"] = FieldKind.Title,
        ["brand"] = FieldKind.Brand,
        ["categories"] = FieldKind.Categories,
        ["attributes"] = FieldKind.Attribute,
        ["price"] = FieldKind.Price,
        ["price.currency_code"] = FieldKind.CurrencyCode,
        ["stock_quantity"] = FieldKind.StockQuantity,
        ["state"] = FieldKind.State,
        ["create_time"] = FieldKind.CreateTime,
        ["update_time"] = FieldKind.UpdateTime,
        ["version"] = FieldKind.Version,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<FieldKind, string> Names = Kinds.ToFrozenDictionary(pair => pair.Value, pair => pair.Key);

    /// <summary>The fields that there are, for messages.</summary>
    public const string Known =
        "name, sku, title, brand, categories, attributes.<key>, price, price.currency_code, stock_quantity, state, create_time, update_time and version";

    /// <summary>The field without its key, as people write it.</summary>
    public static string NameOf(FieldKind kind) => Names[kind];

    /// <summary>Reads the field that comes next; the attributes as a whole have an empty key. Null where there is none, and the scanner knows why.</summary>
    public static Field? Read(FilterScanner scanner)
    {
        var start = scanner.Position;
        var name = scanner.TakeName();
        if (scanner.Next == '.' && name is not "attributes")
        {
            scanner.Position++;
            name += "." + scanner.TakeName();
        }
        if (!Kinds.TryGetValue(name, out var kind))
        {
            scanner.Fail(start, $"unknown field `{name}`; known are {Known}");
            return null;
        }
        if (scanner.Next != '.') return new Field(kind);
        scanner.Position++;
        if (kind != FieldKind.Attribute)
        {
            scanner.Fail(start, $"`{name}` has no fields; known are {Known}");
            return null;
        }
        return ReadKey(scanner) is { } key ? new Field(kind, key) : null;
    }

    /// <summary>Reads a key of the attributes, bare or quoted. Null where there is none, and the scanner knows why.</summary>
    public static string? ReadKey(FilterScanner scanner)
    {
        var start = scanner.Position;
        string? key;
        if (scanner.Next is '"' or '\'' or '`')
        {
            if (!scanner.TryTakeQuoted(out key)) return null;
        }
        else
        {
            key = scanner.TakeName(dashes: true);
        }
        if (key.Length == 0)
        {
            scanner.Fail(start, $"expected the key of an attribute, found {scanner.Describe()}");
            return null;
        }
        if (scanner.Next == '.')
        {
            scanner.Fail(start, "the key of an attribute that holds a dot is quoted, such as attributes.\"a.b\"");
            return null;
        }
        return key;
    }
}
