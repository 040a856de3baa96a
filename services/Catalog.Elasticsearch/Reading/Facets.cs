using System.Text;
using System.Text.Json;
using Catalog.Elasticsearch.Http;
using Catalog.Elasticsearch.Writing;
using Catalog.Queries;
using Catalog.Queries.Filtering;
using Catalog.V1;

namespace Catalog.Elasticsearch.Reading;

/// <summary>Writes what a search counts beside the hits, and reads the counts.</summary>
internal static class Facets
{
    private const string Ranges = "ranges";

    /// <summary>Writes them as aggregations.</summary>
    public static void Write(Utf8JsonWriter json, SearchPlan plan)
    {
        for (var i = 0; i < plan.Facets.Count; i++) WriteFacet(json, NameOf(i), plan.Facets[i], plan.FacetLimit);
        if (plan.PriceRanges.Count > 0) WriteRanges(json, plan.PriceRanges);
    }

    public static IReadOnlyList<IReadOnlyList<FacetValue>> Read(SearchPlan plan, SearchAnswer answer) =>
        [.. plan.Facets.Select((field, i) => answer.Aggregations![NameOf(i)].Buckets.Select(bucket => ValueOf(field, bucket)).ToArray())];

    public static IReadOnlyList<long> ReadRanges(SearchPlan plan, SearchAnswer answer) =>
        plan.PriceRanges.Count == 0 ? [] : [.. answer.Aggregations![Ranges].Buckets.Select(bucket => bucket.DocCount)];

    private static string NameOf(int facet) => $"facet{facet}";

    private static void WriteFacet(Utf8JsonWriter json, string name, Field field, int limit)
    {
        json.WriteStartObject(name);
        json.WriteStartObject("terms"u8);
        json.WriteString("field"u8, Fields.Value(field.Kind));
        json.WriteNumber("size"u8, limit);
        if (field.Kind == FieldKind.Attribute) json.WriteString("include"u8, Escape(AttributeTerm.Of(field.Key, "")) + "(.|\n)*");
        json.WriteStartArray("order"u8);
        WriteOrder(json, "_count"u8, "desc"u8);
        WriteOrder(json, "_key"u8, "asc"u8);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    // Not a range aggregation: that one counts in doubles, which cannot tell large amounts apart.
    private static void WriteRanges(Utf8JsonWriter json, IReadOnlyList<(long? From, long? To)> ranges)
    {
        json.WriteStartObject(Ranges);
        json.WriteStartObject("filters"u8);
        json.WriteStartArray("filters"u8);
        foreach (var (from, to) in ranges)
        {
            json.WriteStartObject();
            json.WriteStartObject("range"u8);
            json.WriteStartObject(Fields.Value(FieldKind.Price));
            json.WriteNumber("gte"u8, from ?? long.MinValue);
            if (to is { } end) json.WriteNumber("lt"u8, end);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteOrder(Utf8JsonWriter json, ReadOnlySpan<byte> by, ReadOnlySpan<byte> direction)
    {
        json.WriteStartObject();
        json.WriteString(by, direction);
        json.WriteEndObject();
    }

    private static FacetValue ValueOf(Field field, BucketAnswer bucket) =>
        new() { Value = field.Kind == FieldKind.Attribute ? bucket.Key![(field.Key.Length + 1)..] : bucket.Key!, Count = bucket.DocCount };

    // For Lucene's regular expressions, where a backslash makes any character stand for itself.
    private static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length * 2);
        foreach (var c in text)
        {
            if (char.IsAscii(c) && !char.IsAsciiLetterOrDigit(c)) escaped.Append('\\');
            escaped.Append(c);
        }
        return escaped.ToString();
    }
}
