using System.Text.Json;

namespace Catalog.Elasticsearch.Reading;

/// <summary>The queries of Elasticsearch that others are made of. Values are written as JSON values and never become a part of a query's syntax.</summary>
internal static class Query
{
    public static void Term(Utf8JsonWriter json, ReadOnlySpan<byte> field, string value) => Simple(json, "term"u8, field, value);

    public static void Prefix(Utf8JsonWriter json, ReadOnlySpan<byte> field, string value) => Simple(json, "prefix"u8, field, value);

    public static void Exists(Utf8JsonWriter json, ReadOnlySpan<byte> field)
    {
        json.WriteStartObject();
        json.WriteStartObject("exists"u8);
        json.WriteString("field"u8, field);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    public static void Not(Utf8JsonWriter json, Action query)
    {
        json.WriteStartObject();
        json.WriteStartObject("bool"u8);
        json.WritePropertyName("must_not"u8);
        query();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>A query that gives everything it holds for the same score.</summary>
    public static void Constant(Utf8JsonWriter json, int score, Action query)
    {
        json.WriteStartObject();
        json.WriteStartObject("constant_score"u8);
        json.WriteNumber("boost"u8, score);
        json.WritePropertyName("filter"u8);
        query();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>A text or a number, as the value of a property.</summary>
    public static void Value(Utf8JsonWriter json, ReadOnlySpan<byte> property, object value)
    {
        if (value is long number) json.WriteNumber(property, number);
        else json.WriteString(property, (string)value);
    }

    private static void Simple(Utf8JsonWriter json, ReadOnlySpan<byte> kind, ReadOnlySpan<byte> field, string value)
    {
        json.WriteStartObject();
        json.WriteStartObject(kind);
        json.WriteString(field, value);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
