using System.Text;
using System.Text.Json;
using Catalog.Elasticsearch.Writing;
using Catalog.Queries;
using Catalog.Queries.Filtering;
using Catalog.V1;

namespace Catalog.Elasticsearch.Reading;

/// <summary>Writes the order of a search and the place where a page begins, and reads the places of hits. Behind all else comes the name.</summary>
internal static class SearchOrder
{
    public static void Write(Utf8JsonWriter json, IReadOnlyList<SortBy> order)
    {
        json.WriteStartArray("sort"u8);
        foreach (var by in order) Write(json, by.Field is { } field ? Fields.Sort(field.Kind) : "_score"u8, by.Descending || by.Field is null);
        Write(json, Fields.Sort(FieldKind.Name), descending: false);
        json.WriteEndArray();
    }

    public static void WriteAfter(Utf8JsonWriter json, IReadOnlyList<SortBy> order, PageEnd after)
    {
        json.WriteStartArray("search_after"u8);
        for (var i = 0; i < order.Count; i++)
        {
            switch (after.Values[i])
            {
                case double rank: json.WriteNumberValue((float)rank); break;
                case long number: json.WriteNumberValue(number); break;
                case byte[] key: json.WriteStringValue(SortKeys.Complete(key)); break;
                case null when IsText(order[i]): json.WriteNullValue(); break;
                default: json.WriteNumberValue(Missing(order[i])); break;
            }
        }
        json.WriteStringValue(ProductName.Format(after.ProductId));
        json.WriteEndArray();
    }

    /// <summary>The place of a hit.</summary>
    public static PageEnd EndAt(IReadOnlyList<JsonElement> sort, IReadOnlyList<SortBy> order)
    {
        var values = new object?[order.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = order[i] switch
            {
                _ when sort[i].ValueKind == JsonValueKind.Null => null,
                { Field: null } => (double)sort[i].GetSingle(),
                var by when IsText(by) => SortKeys.Parse(sort[i].GetString()!),
                var by => sort[i].GetInt64() is var number && number == Missing(by) ? null : number,
            };
        }
        return new PageEnd(values, ProductName.TryParse(sort[^1].GetString()!, out var id) ? id : throw new JsonException("A hit has no name."));
    }

    private static void Write(Utf8JsonWriter json, ReadOnlySpan<byte> field, bool descending)
    {
        json.WriteStartObject();
        json.WriteString(field, descending ? "desc"u8 : "asc"u8);
        json.WriteEndObject();
    }

    private static bool IsText(SortBy by) => by.Field?.Kind is FieldKind.Name or FieldKind.Sku or FieldKind.Title or FieldKind.Brand;

    // What Elasticsearch takes for a number that is not there, so that it comes last.
    private static long Missing(SortBy by) => by.Descending ? long.MinValue : long.MaxValue;
}
