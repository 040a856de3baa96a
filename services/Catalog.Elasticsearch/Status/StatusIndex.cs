using Catalog.Elasticsearch.Http;
using Catalog.Elasticsearch.Indices;

namespace Catalog.Elasticsearch.Status;

/// <summary>The small index beside the products in which the parts of the system leave notes for one another.</summary>
internal sealed class StatusIndex(ElasticsearchClient client, IndexNames names)
{
    private static readonly TimeSpan Kept = TimeSpan.FromDays(1);

    // A relay reports once a second and projectors do, so everything that is alive fits.
    private const int MaxNotes = 500;

    private volatile bool _exists;

    /// <summary>Makes the index if there is none.</summary>
    public async ValueTask EnsureAsync(CancellationToken cancellation)
    {
        if (_exists) return;
        await client.CreateAsync(
            names.Status,
            json => json.WriteRawValue(
                """
                {
                  "settings": { "number_of_shards": 1, "auto_expand_replicas": "0-1", "refresh_interval": "500ms" },
                  "mappings": { "dynamic": false, "properties": { "time": { "type": "long" } } }
                }
                """u8,
                skipInputValidation: true),
            cancellation);
        _exists = true;
    }

    public Task<NoteAnswer?> GetAsync(string id, CancellationToken cancellation) => client.GetNoteAsync(names.Status, id, cancellation);

    /// <summary>The notes of a time until now, as far as they are searchable: half a second late.</summary>
    public Task<IReadOnlyList<Note>> GetRecentAsync(DateTimeOffset since, CancellationToken cancellation) =>
        client.GetNotesAsync(names.Status, since, MaxNotes, cancellation);

    /// <summary>Writes a note; null if the condition does not hold.</summary>
    public async Task<NotePlace?> PutAsync(string id, string condition, Note note, CancellationToken cancellation)
    {
        await EnsureAsync(cancellation);
        try
        {
            return await client.PutNoteAsync(names.Status, id, condition, note, cancellation);
        }
        catch (ElasticsearchException e) when (e.IsMissing)
        {
            // Somebody removed it. The next note makes it again.
            _exists = false;
            throw;
        }
    }

    public Task RemoveAsync(string id, NotePlace place, CancellationToken cancellation) => client.RemoveNoteAsync(names.Status, id, place, cancellation);

    /// <summary>Removes notes that nobody looks at any more, of hosts that are gone.</summary>
    public Task RemoveOldAsync(DateTimeOffset now, CancellationToken cancellation) => client.RemoveNotesAsync(names.Status, now - Kept, cancellation);
}
