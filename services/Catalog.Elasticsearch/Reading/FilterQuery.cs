using System.Text;
using System.Text.Json;
using Catalog.Elasticsearch.Writing;
using Catalog.Queries.Filtering;
using Catalog.V1;

namespace Catalog.Elasticsearch.Reading;

/// <summary>Writes a filter as a query that holds for the same products (<see cref="FilterExpression"/>).</summary>
internal static class FilterQuery
{
    // Of longer patterns Elasticsearch refuses those that repeat themselves: the automaton would be too large.
    private const int LongestPattern = 100;

    private static ReadOnlySpan<byte> LongPart => """
        if (!doc.containsKey(params.field)) return false;
        for (String text : doc[params.field])
          if (text.startsWith(params.key) && text.indexOf(params.part, params.key.length()) >= 0) return true;
        return false;
        """u8;

    public static void Write(Utf8JsonWriter json, FilterExpression filter)
    {
        switch (filter)
        {
            case FilterExpression.And and:
                WriteAll(json, "filter"u8, and.Terms);
                break;
            case FilterExpression.Or or:
                WriteAll(json, "should"u8, or.Terms);
                break;
            case FilterExpression.Not not:
                Query.Not(json, () => Write(json, not.Term));
                break;
            case FilterExpression.Present { Field: { Kind: FieldKind.Attribute } field }:
                Query.Term(json, "attribute_keys"u8, field.Key);
                break;
            case FilterExpression.Present { Field: var field }:
                Query.Exists(json, Fields.Value(field.Kind));
                break;
            case FilterExpression.Has { Field.Kind: FieldKind.Categories } has:
                Query.Term(json, Fields.Value(FieldKind.Categories), has.Value);
                break;
            case FilterExpression.Has has:
                WriteHas(json, has.Field, FilterExpression.Has.FoldCase(has.Value));
                break;
            // What is not there, differs from every value.
            case FilterExpression.Compare { Comparison: Comparison.NotEquals } compare:
                Query.Not(json, () => WriteCompare(json, compare.Field, Comparison.Equals, compare.Value));
                break;
            case FilterExpression.Compare compare:
                WriteCompare(json, compare.Field, compare.Comparison, compare.Value);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(filter), filter, "Not an expression of the filter language.");
        }
    }

    private static void WriteAll(Utf8JsonWriter json, ReadOnlySpan<byte> occur, IReadOnlyList<FilterExpression> terms)
    {
        json.WriteStartObject();
        json.WriteStartObject("bool"u8);
        json.WriteStartArray(occur);
        foreach (var term in terms) Write(json, term);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteCompare(Utf8JsonWriter json, Field field, Comparison comparison, object value)
    {
        var name = Fields.Value(field.Kind);
        if (field.Kind == FieldKind.Attribute) value = AttributeTerm.Of(field.Key, (string)value);
        if (value is Product.Types.State state) value = States.NameOf(state);
        var bound = comparison switch
        {
            Comparison.Less => "lt"u8,
            Comparison.LessOrEqual => "lte"u8,
            Comparison.Greater => "gt"u8,
            Comparison.GreaterOrEqual => "gte"u8,
            _ => default,
        };
        json.WriteStartObject();
        json.WriteStartObject(bound.IsEmpty ? "term"u8 : "range"u8);
        if (bound.IsEmpty)
        {
            Query.Value(json, name, value);
        }
        else
        {
            json.WriteStartObject(name);
            Query.Value(json, bound, value);
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteHas(Utf8JsonWriter json, Field field, string folded)
    {
        var key = field.Kind == FieldKind.Attribute ? AttributeTerm.Of(field.Key, "") : "";
        var name = Fields.Lower(field.Kind, out var isAscii);
        if (folded.Length > LongestPattern) WriteLongPart(json, Encoding.UTF8.GetString(name), key, folded);
        else WritePattern(json, name, isAscii, $"{Escape(key)}*{Escape(folded)}*");
    }

    private static void WritePattern(Utf8JsonWriter json, ReadOnlySpan<byte> name, bool ignoreCase, string pattern)
    {
        json.WriteStartObject();
        json.WriteStartObject("wildcard"u8);
        json.WriteStartObject(name);
        json.WriteString("value"u8, pattern);
        if (ignoreCase) json.WriteBoolean("case_insensitive"u8, true);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteLongPart(Utf8JsonWriter json, string name, string key, string folded)
    {
        json.WriteStartObject();
        json.WriteStartObject("script"u8);
        json.WriteStartObject("script"u8);
        json.WriteString("source"u8, LongPart);
        json.WriteStartObject("params"u8);
        json.WriteString("field"u8, name);
        json.WriteString("key"u8, key);
        json.WriteString("part"u8, folded);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static string Escape(string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("*", "\\*", StringComparison.Ordinal).Replace("?", "\\?", StringComparison.Ordinal);
}
