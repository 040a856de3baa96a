using System.Text.Json;

namespace Catalog.Elasticsearch.Http;

internal sealed partial class ElasticsearchClient
{
    /// <summary>Writes documents through an alias; if there is no such alias, nothing is written, and no index made by accident.</summary>
    public async Task<BulkAnswer> BulkAsync(string alias, ReadOnlyMemory<byte> body, CancellationToken cancellation) => (await SendAsync(
        Connection.Writes, HttpMethod.Post, $"{alias}/_bulk?require_alias=true&filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason", body,
        AnswerContext.Default.BulkAnswer, cancellation))!;

    /// <summary>
    /// The documents with these ids, in their order, as they were last written, searchable or not. Requests with the same text for a copy go to the same copy of each shard.
    /// </summary>
    public async Task<IReadOnlyList<DocumentAnswer>> GetAsync(string index, IReadOnlyList<string> ids, bool source, string? copy, CancellationToken cancellation)
    {
        if (ids.Count == 0) return [];
        var answer = await ReadAsync(
            HttpMethod.Post, $"{index}/_mget?_source={(source ? "true" : "false")}{Preference(copy)}",
            json =>
            {
                json.WriteStartObject();
                json.WriteStartArray("ids"u8);
                foreach (var id in ids) json.WriteStringValue(id);
                json.WriteEndArray();
                json.WriteEndObject();
            },
            AnswerContext.Default.DocumentsAnswer, cancellation);
        foreach (var document in answer.Docs)
            if (document.Error is { } error) throw error.Type == "index_not_found_exception" ? new ElasticsearchException(404, error) : Unavailable(error);
        return answer.Docs;
    }

    /// <summary>One search; null if its answer is larger than a number of bytes. A shard that does not answer fails it: half an answer is none.</summary>
    public async Task<SearchAnswer?> SearchAsync(string index, Action<Utf8JsonWriter> body, string? copy, long limit, CancellationToken cancellation)
    {
        try
        {
            return await SendAsync(
                Connection.Reads, HttpMethod.Post, $"{index}/_search?allow_partial_search_results=false{Preference(copy)}", body, AnswerContext.Default.SearchAnswer, cancellation, limit);
        }
        catch (NodeHandler.TooLargeException)
        {
            return null;
        }
    }

    /// <summary>Makes everything written by now visible to searches.</summary>
    public async Task RefreshAsync(string index, CancellationToken cancellation)
    {
        var answer = await ReadAsync(HttpMethod.Post, $"{index}/_refresh", body: null, AnswerContext.Default.RefreshAnswer, cancellation);
        if (answer.Shards.Failed > 0) throw Unavailable(new ErrorCause("refresh", $"{answer.Shards.Failed} shards failed"));
        // Where a primary is away, none failed.
        if (answer.Shards.Successful == 0) throw Unavailable(new ErrorCause("refresh", "no shard was there"));
    }

    /// <summary>A note; null if there is none.</summary>
    public async Task<NoteAnswer?> GetNoteAsync(string index, string id, CancellationToken cancellation)
    {
        try
        {
            return await ReadAsync(HttpMethod.Get, $"{index}/_doc/{Uri.EscapeDataString(id)}", body: null, AnswerContext.Default.NoteAnswer, cancellation);
        }
        catch (ElasticsearchException e) when (e.IsMissing)
        {
            return null;
        }
    }

    /// <summary>The notes since a time.</summary>
    public async Task<IReadOnlyList<Note>> GetNotesAsync(string index, DateTimeOffset since, int limit, CancellationToken cancellation)
    {
        try
        {
            var answer = await ReadAsync(
                HttpMethod.Post, $"{index}/_search?allow_partial_search_results=false",
                json =>
                {
                    json.WriteStartObject();
                    json.WriteNumber("size"u8, limit);
                    WriteTimeRange(json, "gte"u8, since);
                    json.WriteEndObject();
                },
                AnswerContext.Default.NotesAnswer, cancellation);
            return [.. answer.Hits.Hits.Select(hit => hit.Source).OfType<Note>()];
        }
        catch (ElasticsearchException e) when (e.IsMissing)
        {
            return [];
        }
    }

    /// <summary>Writes a note; null if the condition, which is a query string, does not hold.</summary>
    public async Task<NotePlace?> PutNoteAsync(string index, string id, string condition, Note note, CancellationToken cancellation)
    {
        try
        {
            var answer = await ChangeAsync(
                HttpMethod.Put, $"{index}/_doc/{Uri.EscapeDataString(id)}?{condition}", json => JsonSerializer.Serialize(json, note, AnswerContext.Default.Note),
                AnswerContext.Default.NoteAnswer, cancellation);
            return answer.Place;
        }
        catch (ElasticsearchException e) when (e.IsConflict)
        {
            return null;
        }
    }

    /// <summary>Removes a note, if it is still the one that stood at a place.</summary>
    public async Task RemoveNoteAsync(string index, string id, NotePlace place, CancellationToken cancellation)
    {
        try
        {
            await ChangeAsync(HttpMethod.Delete, $"{index}/_doc/{Uri.EscapeDataString(id)}?{place.Condition}", body: null, cancellation);
        }
        catch (ElasticsearchException e) when (e.IsConflict || e.IsMissing)
        {
            // Somebody else's by now.
        }
    }

    /// <summary>Removes the notes before a time.</summary>
    public Task RemoveNotesAsync(string index, DateTimeOffset before, CancellationToken cancellation) => ChangeAsync(
        HttpMethod.Post, $"{index}/_delete_by_query?conflicts=proceed",
        json =>
        {
            json.WriteStartObject();
            WriteTimeRange(json, "lt"u8, before);
            json.WriteEndObject();
        },
        cancellation);

    private static string Preference(string? copy) => copy is null ? "" : $"&preference={copy}";

    private static void WriteTimeRange(Utf8JsonWriter json, ReadOnlySpan<byte> bound, DateTimeOffset time)
    {
        json.WriteStartObject("query"u8);
        json.WriteStartObject("range"u8);
        json.WriteStartObject("time"u8);
        json.WriteNumber(bound, time.ToUnixTimeMilliseconds());
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
