namespace Catalog.Sqlite.Index.Documents;

/// <summary>
/// The documents as readers see them. A commit moves the file from one state to the next at a moment that no reader can know, so both states are
/// published before it, and each reader takes the one whose number it finds in the file. Thus nobody waits for a commit, and nobody sees a half of
/// one.
/// </summary>
internal sealed class PublishedDocs
{
    private volatile Pair _current = new(DocSnapshot.Empty(0), DocSnapshot.Empty(0));

    /// <summary>The state before the newest commit, and after it.</summary>
    public sealed record Pair(DocSnapshot Before, DocSnapshot After)
    {
        /// <summary>The state with this number; null if it is neither.</summary>
        public DocSnapshot? Find(long generation) => generation == After.Generation ? After : generation == Before.Generation ? Before : null;
    }

    public Pair Current => _current;

    /// <summary>Says that the file is in one state or on its way to the next.</summary>
    public void Publish(DocSnapshot before, DocSnapshot after) => _current = new Pair(before, after);
}
