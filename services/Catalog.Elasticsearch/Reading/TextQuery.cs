using System.Text.Json;
using Catalog.Queries;

namespace Catalog.Elasticsearch.Reading;

/// <summary>Writes the text of a search as a query, which tells in its score what <see cref="Ranking"/> makes a rank of.</summary>
internal static class TextQuery
{
    private static readonly string[] Texts = ["naming", "describing", "prose"];

    /// <summary>Writes the properties of a bool query that hold for the products with all clauses in their texts.</summary>
    public static void Write(Utf8JsonWriter json, IReadOnlyList<TextClause> clauses, bool ranked)
    {
        var scored = ranked ? Math.Min(clauses.Count, RankPoints.MaxClauses) : 0;
        if (scored > 0)
        {
            json.WriteStartArray("must"u8);
            for (var i = 0; i < scored; i++) WriteScored(json, clauses[i]);
            json.WriteEndArray();
        }
        json.WriteStartArray("filter"u8);
        for (var i = scored; i < clauses.Count; i++) WriteAnywhere(json, clauses[i], exact: false);
    }

    /// <summary>Writes what holds for the products that have every clause as it was typed.</summary>
    public static void WriteExact(Utf8JsonWriter json, IReadOnlyList<TextClause> clauses)
    {
        json.WriteStartArray("should"u8);
        Query.Constant(json, Ranking.Exact, () =>
        {
            json.WriteStartObject();
            json.WriteStartObject("bool"u8);
            json.WriteStartArray("filter"u8);
            foreach (var clause in clauses) WriteAnywhere(json, clause, exact: true);
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
        });
        json.WriteEndArray();
    }

    private static void WriteScored(Utf8JsonWriter json, TextClause clause)
    {
        var words = clause is TextClause.Phrase phrase ? phrase.Terms.Count : 1;
        WriteAny(json, text => Query.Constant(
            json, text switch { "naming" => Ranking.Naming(words), "describing" => Ranking.Describing, _ => 0 }, () => WriteClause(json, clause, text, exact: false)));
    }

    private static void WriteAnywhere(Utf8JsonWriter json, TextClause clause, bool exact) => WriteAny(json, text => WriteClause(json, clause, text, exact));

    private static void WriteAny(Utf8JsonWriter json, Action<string> write)
    {
        json.WriteStartObject();
        json.WriteStartObject("bool"u8);
        json.WriteStartArray("should"u8);
        foreach (var text in Texts) write(text);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteClause(Utf8JsonWriter json, TextClause clause, string text, bool exact)
    {
        json.WriteStartObject();
        switch (clause)
        {
            case TextClause.Word { Typos: > 0 } word when !exact:
                json.WriteStartObject("fuzzy"u8);
                json.WriteStartObject(text);
                json.WriteString("value"u8, word.Term);
                json.WriteNumber("fuzziness"u8, word.Typos);
                // All words that are near enough, not only the best 50 of a shard: what is found must not depend on where it lies.
                json.WriteString("rewrite"u8, "constant_score"u8);
                json.WriteEndObject();
                break;
            case TextClause.Word word:
                json.WriteStartObject("term"u8);
                json.WriteString(text, word.Term);
                break;
            case TextClause.Prefix prefix:
                json.WriteStartObject("prefix"u8);
                json.WriteString(text, prefix.Term);
                break;
            case TextClause.Phrase phrase:
                json.WriteStartObject("match_phrase"u8);
                json.WriteString(text, string.Join(' ', phrase.Terms));
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(clause), clause, "Not a clause.");
        }
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
