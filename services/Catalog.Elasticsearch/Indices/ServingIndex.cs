using Catalog.Elasticsearch.Http;
using Catalog.Queries;

namespace Catalog.Elasticsearch.Indices;

/// <summary>
/// Finds the index that serves. It is asked for each time, since after a swap no read may begin on the index before; those who ask at once share the
/// answer. What an index is, it stays, so that is remembered.
/// </summary>
internal sealed class ServingIndex(ElasticsearchClient client, IndexNames names)
{
    private volatile KnownIndex? _known;
    private SharedWork<KnownIndex?>? _resolution;

    /// <summary>The index; null if none serves.</summary>
    public Task<KnownIndex?> ResolveAsync(CancellationToken cancellation) =>
        LazyInitializer.EnsureInitialized(ref _resolution, () => new SharedWork<KnownIndex?>(ResolveAsync)).RunAsync(cancellation);

    private async Task<KnownIndex?> ResolveAsync()
    {
        var indices = await client.ResolveAsync(names.Read, CancellationToken.None);
        if (indices.Count == 0) return null;
        // More than one is the work of somebody else. The newest is the best guess, and the next rebuild puts it right.
        var index = indices.Max(StringComparer.Ordinal)!;
        if (_known is { } known && known.Name == index) return known;
        IndexMeta? meta;
        try
        {
            meta = await client.GetMetaAsync(index, CancellationToken.None);
        }
        catch (ElasticsearchException e) when (e.IsMissing)
        {
            return null; // removed this moment
        }
        var found = new KnownIndex(index, meta?.LogId ?? "", meta?.Schema == IndexSchema.Version, meta?.Position ?? 0, meta?.Time ?? default, meta?.Finished != false, client);
        // Until it is finished it is asked again whether it is.
        if (found.IsFinished) _known = found;
        return found;
    }
}

/// <summary>An index that serves or has served.</summary>
/// <param name="Name">Its name.</param>
/// <param name="LogId">The event log that it follows.</param>
/// <param name="IsUsable">Whether this build made such indices.</param>
/// <param name="Position">The position up to which it held the log when it began to serve.</param>
/// <param name="Time">When it began to serve; the beginning of time where that is not known.</param>
/// <param name="IsFinished">Whether it holds everything that the one before it held when it took its place.</param>
/// <param name="Client">Elasticsearch.</param>
internal sealed record KnownIndex(string Name, string LogId, bool IsUsable, long Position, DateTimeOffset Time, bool IsFinished, ElasticsearchClient Client)
{
    private readonly SharedWork<bool> _refresh = new(async () =>
    {
        await Client.RefreshAsync(Name, CancellationToken.None);
        return true;
    });

    /// <summary>Returns once everything written before the call is visible to searches.</summary>
    public Task RefreshAsync(CancellationToken cancellation) => _refresh.RunAsync(cancellation);
}
