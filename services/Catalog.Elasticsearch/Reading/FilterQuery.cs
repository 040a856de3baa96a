using System.Text;
using System.Text.Json;
using Catalog.Elasticsearch.Writing;
using Catalog.Queries.Filtering;
using Catalog.V1;

namespace Catalog.Elasticsearch.Reading;

/// <summary>Writes a filter as a query that holds for the same products (<see cref="FilterEvaluator"/>).</summary>
internal static class FilterQuery
{
    // No value of a product is longer, so a longer part is in none.
    private const int LongestPart = 1024;

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
                WriteHas(json, has.Field, FilterEvaluator.FoldCase(has.Value));
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
        if (Encoding.UTF8.GetByteCount(folded) > LongestPart)
        {
            json.WriteStartObject();
            json.WriteStartObject("match_none"u8);
            json.WriteEndObject();
            json.WriteEndObject();
            return;
        }
        var pattern = new StringBuilder();
        if (field.Kind == FieldKind.Attribute) Escape(pattern, AttributeTerm.Of(field.Key, ""));
        pattern.Append('*');
        Escape(pattern, folded);
        pattern.Append('*');

        json.WriteStartObject();
        json.WriteStartObject("wildcard"u8);
        json.WriteStartObject(Fields.Lower(field.Kind, out var isAscii));
        json.WriteString("value"u8, pattern.ToString());
        if (isAscii) json.WriteBoolean("case_insensitive"u8, true);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Escape(StringBuilder pattern, string text)
    {
        foreach (var c in text)
        {
            if (c is '*' or '?' or '\\') pattern.Append('\\');
            pattern.Append(c);
        }
    }
}
