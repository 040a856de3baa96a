using Catalog.Projections;

namespace Catalog.Sqlite.Index;

public sealed partial class SqliteIndexSet
{
    /// <inheritdoc/>
    public async ValueTask AddAsync(DeadLetter letter, CancellationToken cancellation)
    {
        // An index that is being built will be the one that serves, and must know what it does not hold.
        foreach (var file in OpenFiles())
            await file.Writer.UseAsync(() => DeadLetterTable.Add(file.Connection, letter), cancellation);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<DeadLetter>> ReadAsync(long after, int limit, CancellationToken cancellation)
    {
        var file = OpenFiles()[0];
        return file.Writer.UseAsync(() => DeadLetterTable.Read(file.Connection, after, limit), cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask RemoveAsync(long position, CancellationToken cancellation)
    {
        foreach (var file in OpenFiles())
            await file.Writer.UseAsync(() => DeadLetterTable.Remove(file.Connection, position), cancellation);
    }

    // The one that serves first.
    private List<IndexFile> OpenFiles()
    {
        lock (_gate)
        {
            List<IndexFile> files = [.. new[] { _current, _building }.OfType<IndexFile>().Where(file => file.IsUsable)];
            return files.Count > 0 ? files : throw IndexFile.Rebuilding();
        }
    }
}
