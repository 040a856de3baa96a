using System.Text.Json;
using Catalog.Elasticsearch.Http;

namespace Catalog.Elasticsearch.Reading;

/// <summary>
/// Lets a search tell which versions of some products it saw, whether it found them or not: where the copy that is preferred takes no search just then, another answers without a word.
/// </summary>
internal static class SeenVersions
{
    private const string All = "all";

    /// <summary>Writes it as an aggregation; nothing where there are no such products.</summary>
    public static void Write(Utf8JsonWriter json, IReadOnlyCollection<string> productIds)
    {
        if (productIds.Count == 0) return;
        json.WriteStartObject(All);
        json.WriteStartObject("global"u8);
        json.WriteEndObject();
        json.WriteStartObject("aggs"u8);
        json.WriteStartObject("named"u8);
        json.WritePropertyName("filter"u8);
        WriteIds(json, productIds);
        json.WriteStartObject("aggs"u8);
        json.WriteStartObject("each"u8);
        json.WriteStartObject("filters"u8);
        json.WriteStartArray("filters"u8);
        foreach (var id in productIds) WriteIds(json, [id]);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteStartObject("aggs"u8);
        json.WriteStartObject("version"u8);
        json.WriteStartObject("max"u8);
        json.WriteString("field"u8, "_version"u8);
        for (var open = 0; open < 8; open++) json.WriteEndObject();
    }

    /// <summary>The versions in the order of the products that were written; 0 for what was not there.</summary>
    public static IEnumerable<long> Read(SearchAnswer answer) =>
        answer.Aggregations![All].Named!.Each!.Buckets.Select(bucket => (long)(bucket.Version!.Value ?? 0));

    private static void WriteIds(Utf8JsonWriter json, IReadOnlyCollection<string> productIds)
    {
        json.WriteStartObject();
        json.WriteStartObject("ids"u8);
        json.WriteStartArray("values"u8);
        foreach (var id in productIds) json.WriteStringValue(id);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
