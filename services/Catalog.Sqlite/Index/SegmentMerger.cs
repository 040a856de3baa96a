using Catalog.Sqlite.Sql;

namespace Catalog.Sqlite.Index;

/// <summary>
/// Merges the segments of the full text index, of which every commit makes one. SQLite would do it within the commit, now and then for a long time;
/// here it comes after, when the write is already visible, and in proportion to what was written.
/// </summary>
internal sealed class SegmentMerger(Connection connection)
{
    // How many pages are merged for one that is written: as often as a page is merged on its way to the large segments.
    private const int Levels = 4;
    private const int PageSize = 4096;

    // Less is not worth a transaction.
    private const long Least = 64;

    private readonly Statement _merge = connection.Prepare("INSERT INTO words(words, rank) VALUES('merge', ?1)");
    private long _owed;

    /// <summary>Does the work that a commit of so much text calls for.</summary>
    public void Merge(long bytes)
    {
        if (bytes == 0) return;
        _owed += Levels * (1 + bytes / PageSize);
        if (_owed < Least) return;
        _merge.Bind(1, _owed).Run();
        _owed = 0;
    }
}
