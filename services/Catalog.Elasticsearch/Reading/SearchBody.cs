using System.Text.Json;
using Catalog.Queries;
using Catalog.Queries.Filtering;

namespace Catalog.Elasticsearch.Reading;

/// <summary>Writes searches and suggestions as requests.</summary>
internal static class SearchBody
{
    // By its SortText key a title is looked at from its beginning, so a suggestion that goes on from there comes first.
    private static readonly SortBy[] SuggestionOrder = [new(Field: null, Descending: true), new(new Field(FieldKind.Title), Descending: false)];

    /// <summary>Writes a search for one hit more than the page takes, which tells whether another page follows, and for the versions of some products.</summary>
    public static void Write(Utf8JsonWriter json, SearchPlan plan, IReadOnlyCollection<string> versionsOf)
    {
        var ranked = plan.Text.Count > 0 && plan.Order.Any(by => by.Field is null);
        json.WriteStartObject();
        json.WriteNumber("size"u8, plan.PageSize + 1);
        json.WriteBoolean("track_total_hits"u8, true);
        json.WritePropertyName("query"u8);
        if (ranked) Ranking.Write(json, () => WriteQuery(json, plan, ranked));
        else WriteQuery(json, plan, ranked);
        SearchOrder.Write(json, plan.Order);
        if (plan.After is { } after) SearchOrder.WriteAfter(json, plan.Order, after);
        json.WriteStartObject("aggs"u8);
        Facets.Write(json, plan);
        SeenVersions.Write(json, versionsOf);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>Writes a suggestion: titles that begin with the words first, then those of which more was typed already, then by title.</summary>
    public static void Write(Utf8JsonWriter json, SuggestPlan plan, IReadOnlyCollection<string> versionsOf)
    {
        json.WriteStartObject();
        json.WriteNumber("size"u8, plan.Limit);
        json.WriteBoolean("track_total_hits"u8, false);
        json.WritePropertyName("query"u8);
        Ranking.Write(json, () =>
        {
            json.WriteStartObject();
            json.WriteStartObject("bool"u8);
            json.WriteStartArray("filter"u8);
            for (var i = 0; i < plan.Words.Count - 1; i++) Query.Term(json, "title_terms"u8, plan.Words[i]);
            json.WriteEndArray();
            json.WriteStartArray("must"u8);
            Query.Constant(json, plan.Words.Count, () => Query.Prefix(json, "title_terms"u8, plan.Words[^1]));
            json.WriteEndArray();
            json.WriteStartArray("should"u8);
            Query.Constant(json, Ranking.Beginning, () => Query.Prefix(json, Fields.Sort(FieldKind.Title), string.Join(' ', plan.Words)));
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
        });
        SearchOrder.Write(json, SuggestionOrder);
        json.WriteStartObject("aggs"u8);
        SeenVersions.Write(json, versionsOf);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteQuery(Utf8JsonWriter json, SearchPlan plan, bool ranked)
    {
        json.WriteStartObject();
        json.WriteStartObject("bool"u8);
        TextQuery.Write(json, plan.Text, ranked);
        // A tombstone has a version and nothing else, so whatever holds a text is none.
        if (plan.Text.Count == 0) Query.Exists(json, Fields.Value(FieldKind.Name));
        if (plan.Filter is { } filter) FilterQuery.Write(json, filter);
        json.WriteEndArray();
        if (ranked && plan.Text.Any(clause => clause is TextClause.Word { Typos: > 0 })) TextQuery.WriteExact(json, plan.Text);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
