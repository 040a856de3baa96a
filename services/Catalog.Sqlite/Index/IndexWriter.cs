using Catalog.Projections;
using Catalog.Queries;
using Catalog.Sqlite.Index.Documents;
using Catalog.Sqlite.Sql;
using Catalog.V1;

namespace Catalog.Sqlite.Index;

/// <summary>Writes one index: one transaction a call, after which everything is visible at once.</summary>
internal sealed class IndexWriter : IIndexWriter
{
    private readonly IndexFile _file;
    private readonly Lock _gate = new();
    private readonly Statement _getGeneration, _setGeneration, _getPosition, _setPosition, _lastRow;
    private readonly ProductTables _tables;
    private readonly SegmentMerger _merger;
    private readonly WriteAheadLog _log;
    private long _generation = -1;
    private int _nextRow;
    private Attempt? _attempt;

    public IndexWriter(IndexFile file)
    {
        _file = file;
        var connection = file.Connection;
        _getGeneration = connection.Prepare("SELECT generation FROM meta");
        _setGeneration = connection.Prepare("UPDATE meta SET generation = ?1");
        _getPosition = connection.Prepare("SELECT position FROM meta");
        _setPosition = connection.Prepare("UPDATE meta SET position = ?1");
        _lastRow = connection.Prepare("SELECT coalesce(max(row), 0) FROM docs");
        _tables = new ProductTables(connection, file.Terms, file.Vocabulary);
        _merger = new SegmentMerger(connection);
        connection.Execute("PRAGMA wal_autocheckpoint = 0; PRAGMA busy_timeout = 200");
        _log = new WriteAheadLog(connection, file.Path, step: 16 << 20);
    }

    /// <summary>Set after each commit that readers may wait for.</summary>
    public Action? Changed { get; set; }

    public string LogId => _file.LogId;

    internal IndexFile File => _file;

    public ValueTask<IndexOutcome> WriteAsync(IReadOnlyList<Product> products, CancellationToken cancellation) =>
        WriteIntoAsync(() => Write(products, cancellation), cancellation);

    public ValueTask<long> GetPositionAsync(CancellationToken cancellation) => UseAsync(() => _getPosition.ReadLong(), cancellation, needsDocs: false);

    public async ValueTask SavePositionAsync(long position, CancellationToken cancellation) => await WriteIntoAsync(
        () =>
        {
            _setPosition.Bind(1, position).Run();
            return true;
        },
        cancellation);

    // What is written into a file that is closed or broken will never be read, however often it is repeated.
    private async ValueTask<T> WriteIntoAsync<T>(Func<T> write, CancellationToken cancellation)
    {
        try
        {
            return await UseAsync(write, cancellation);
        }
        catch (IndexUnavailableException e) when (!_file.IsUsable)
        {
            throw new IndexLostException("The index that was written is damaged or gone; another one is built.", e);
        }
    }

    /// <summary>Runs something on the writer's connection, alone.</summary>
    public async ValueTask<T> UseAsync<T>(Func<T> use, CancellationToken cancellation, bool needsDocs = true)
    {
        if (!_file.TryEnter()) throw IndexFile.Rebuilding();
        try
        {
            if (needsDocs) await _file.DocsLoaded.WaitAsync(cancellation);
            lock (_gate)
            {
                if (!_file.IsUsable) throw IndexFile.Rebuilding();
                return use();
            }
        }
        catch (Exception fault) when (IndexFile.IsFault(fault))
        {
            throw _file.Explain(fault);
        }
        finally
        {
            _file.Exit();
        }
    }

    private IndexOutcome Write(IReadOnlyList<Product> products, CancellationToken cancellation)
    {
        Settle();
        List<RejectedProduct> rejected = [];
        List<string> held = [];
        var attempt = _attempt = new Attempt(_file.Docs.Current.After, new Dictionary<int, Doc?>(products.Count));
        var bytes = 0L;
        _file.Connection.Execute("BEGIN IMMEDIATE");
        try
        {
            _tables.Begin(_nextRow);
            foreach (var product in products)
            {
                cancellation.ThrowIfCancellationRequested();
                var changes = attempt.Changes.Count;
                if (_tables.Put(product, attempt.Changes) is { } reason) rejected.Add(new RejectedProduct(product, reason));
                else if (attempt.Changes.Count == changes) held.Add(product.Name);
            }
            if (attempt.Changes.Count > 0)
            {
                bytes = _tables.PutWords();
                // A number that an attempt before had is never used again: readers may still hold what it would have become.
                _setGeneration.Bind(1, ++_generation).Run();
                attempt.After = attempt.Before.With(_generation, attempt.Changes);
                _file.Docs.Publish(attempt.Before, attempt.After);
            }
            _file.Connection.Execute("COMMIT");
        }
        catch
        {
            if (!_file.Connection.IsIdle) _file.Connection.Execute("ROLLBACK");
            throw;
        }
        _nextRow = _tables.NextRow;
        Finish(attempt, committed: attempt.After is not null);
        if (attempt.After is not null) AfterCommit(bytes);
        return new IndexOutcome(rejected, held);
    }

    // Nothing of this is needed for the write to be seen.
    private void AfterCommit(long bytes)
    {
        Changed?.Invoke();
        _file.Readers.LetGo();
        _merger.Merge(bytes);
        if (_log.IsLong) EmptyLog();
    }

    private void EmptyLog()
    {
        _file.Readers.KeepViews = false;
        try
        {
            _file.Readers.LetGo();
            _log.Empty();
        }
        finally
        {
            _file.Readers.KeepViews = true;
        }
    }

    // Finds out where the file stands: at the beginning, and after an attempt that failed, perhaps only in telling that it had not.
    private void Settle()
    {
        if (_generation >= 0 && _attempt is null) return;
        if (!_file.Connection.IsIdle) _file.Connection.Execute("ROLLBACK");
        var generation = _getGeneration.ReadLong();
        if (_attempt is { } attempt) Finish(attempt, committed: attempt.After?.Generation == generation);
        if (_file.Docs.Current.After.Generation != generation) throw new SqliteFault(SQLitePCL.raw.SQLITE_CORRUPT, "Somebody else wrote the index.");
        _nextRow = (int)_lastRow.ReadLong() + 1;
        _generation = Math.Max(_generation, generation);
    }

    private void Finish(Attempt attempt, bool committed)
    {
        _attempt = null;
        if (!committed) _file.Docs.Publish(attempt.Before, attempt.Before);
        foreach (var (row, doc) in attempt.Changes)
            if ((committed ? attempt.Before[row] : doc) is { } unused) _file.Terms.Release(unused);
    }

    private sealed record Attempt(DocSnapshot Before, Dictionary<int, Doc?> Changes)
    {
        public DocSnapshot? After { get; set; }
    }
}
