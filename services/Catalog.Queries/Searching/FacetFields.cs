using System.Text;
using Catalog.Queries.Filtering;
using Catalog.V1;

namespace Catalog.Queries;

/// <summary>Reads what is to be counted: <c>facets</c> and <c>price_ranges</c>.</summary>
internal static class FacetFields
{
    /// <summary>How many facets, and how many price ranges, there may be.</summary>
    public const int Max = 20;

    private const int MaxKey = 128;

    /// <summary>The fields of the facets.</summary>
    public static IReadOnlyList<Field> Read(IReadOnlyList<string> facets, Violations violations)
    {
        if (facets.Count > Max)
        {
            violations.Add("facets", $"more than {Max}");
            return [];
        }
        List<Field> fields = [];
        for (var i = 0; i < facets.Count; i++)
        {
            var scanner = new FilterScanner(facets[i]);
            if (FieldPath.Read(scanner) is not { } field || !scanner.AtEnd || !IsCountable(field))
                violations.Add($"facets[{i}]", $"cannot count `{facets[i]}`; brand, categories, state, price.currency_code and attributes.<key> can be counted");
            else if (field.Key is { } key && Encoding.UTF8.GetByteCount(key) > MaxKey)
                violations.Add($"facets[{i}]", $"no attribute has a key of more than {MaxKey} bytes of UTF-8");
            else if (fields.Contains(field))
                violations.Add($"facets[{i}]", $"`{facets[i]}` comes twice");
            else
                fields.Add(field);
        }
        return fields;
    }

    /// <summary>The price ranges in nanos.</summary>
    public static IReadOnlyList<(long? From, long? To)> Read(IReadOnlyList<PriceRange> ranges, Violations violations)
    {
        if (ranges.Count > Max)
        {
            violations.Add("price_ranges", $"more than {Max}");
            return [];
        }
        var read = new (long? From, long? To)[ranges.Count];
        for (var i = 0; i < ranges.Count; i++)
        {
            read[i] = (Amount($"price_ranges[{i}].from", ranges[i].From, violations), Amount($"price_ranges[{i}].to", ranges[i].To, violations));
            if (read[i].From >= read[i].To) violations.Add($"price_ranges[{i}]", "is empty: `to` must be more than `from`");
        }
        return read;
    }

    private static bool IsCountable(Field field) =>
        field is { Kind: FieldKind.Brand or FieldKind.Categories or FieldKind.State or FieldKind.CurrencyCode } or { Kind: FieldKind.Attribute, Key.Length: > 0 };

    private static long? Amount(string field, string text, Violations violations)
    {
        if (text.Length == 0) return null;
        if (V1.Amount.TryParse(text, out var nanos)) return nanos;
        violations.Add(field, "is not an amount such as 19.99, with at most 9 decimal places");
        return null;
    }
}
