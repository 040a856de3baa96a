namespace Catalog.Sqlite.Index.Documents;

/// <summary>
/// The documents as they stood after one commit, by their row numbers. Never changes: a write copies the chunks that it touches and shares the
/// others.
/// </summary>
internal sealed class DocSnapshot
{
    private const int ChunkBits = 9;
    private const int ChunkSize = 1 << ChunkBits;

    private readonly Doc?[][] _chunks;

    private DocSnapshot(long generation, Doc?[][] chunks, int end, int live)
    {
        Generation = generation;
        _chunks = chunks;
        End = end;
        Live = live;
    }

    /// <summary>The number of the commit, as it stands in the file.</summary>
    public long Generation { get; }

    /// <summary>One more than the highest row.</summary>
    public int End { get; }

    /// <summary>How many documents there are.</summary>
    public int Live { get; }

    /// <summary>No documents, or none loaded yet.</summary>
    public static DocSnapshot Empty(long generation) => new(generation, [], 0, 0);

    /// <summary>The document in a row; null if there is none, or a tombstone.</summary>
    public Doc? this[int row] => row < End ? _chunks[row >> ChunkBits][row & (ChunkSize - 1)] : null;

    /// <summary>The documents after one more commit.</summary>
    public DocSnapshot With(long generation, IReadOnlyCollection<KeyValuePair<int, Doc?>> changes)
    {
        var end = End;
        foreach (var (row, _) in changes) end = Math.Max(end, row + 1);
        var chunks = new Doc?[(end + ChunkSize - 1) >> ChunkBits][];
        _chunks.CopyTo(chunks, 0);
        var live = Live;
        foreach (var (row, doc) in changes)
        {
            ref var chunk = ref chunks[row >> ChunkBits];
            if (chunk is null) chunk = new Doc?[ChunkSize];
            else if ((row >> ChunkBits) < _chunks.Length && ReferenceEquals(chunk, _chunks[row >> ChunkBits])) chunk = [.. chunk];
            ref var slot = ref chunk[row & (ChunkSize - 1)];
            live += (doc is null ? 0 : 1) - (slot is null ? 0 : 1);
            slot = doc;
        }
        for (var i = 0; i < chunks.Length; i++) chunks[i] ??= new Doc?[ChunkSize];
        return new DocSnapshot(generation, chunks, end, live);
    }
}
