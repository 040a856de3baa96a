using Catalog.Projections;
using Catalog.Queries;
using Catalog.Sqlite.Index.Documents;
using Catalog.Sqlite.Index.Sql;
using Catalog.Sqlite.Index.Text;
using Catalog.V1;
using Google.Protobuf;

namespace Catalog.Sqlite.Index;

/// <summary>Writes one index: one transaction a call, after which everything is visible at once.</summary>
internal sealed class IndexWriter : IIndexWriter
{
    private readonly IndexFile _file;
    private readonly Lock _gate = new();
    private readonly IndexedText _text = new();
    private readonly Statement _find, _insert, _update, _addWords, _removeWords, _setGeneration, _getPosition, _setPosition, _lastRow, _getGeneration;
    private readonly WriteAheadLog _log;
    private long _generation = -1;
    private int _nextRow;
    private Attempt? _attempt;

    public IndexWriter(IndexFile file)
    {
        _file = file;
        var connection = file.Connection;
        _find = connection.Prepare("SELECT row, version, deleted, body FROM docs WHERE id = ?1");
        _insert = connection.Prepare("INSERT INTO docs(row, id, version, deleted, body) VALUES(?1, ?2, ?3, ?4, ?5)");
        _update = connection.Prepare("UPDATE docs SET version = ?2, deleted = ?3, body = ?4 WHERE row = ?1");
        _addWords = connection.Prepare($"INSERT INTO words(rowid, {Columns.Declared}) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)");
        _removeWords = connection.Prepare("DELETE FROM words WHERE rowid = ?1");
        _getGeneration = connection.Prepare("SELECT generation FROM meta");
        _setGeneration = connection.Prepare("UPDATE meta SET generation = ?1");
        _getPosition = connection.Prepare("SELECT position FROM meta");
        _setPosition = connection.Prepare("UPDATE meta SET position = ?1");
        _lastRow = connection.Prepare("SELECT coalesce(max(row), 0) FROM docs");
        _log = new WriteAheadLog(connection, file.Path);
    }

    /// <summary>Set after each commit that readers may wait for.</summary>
    public Action? Changed { get; set; }

    public string LogId => _file.LogId;

    internal IndexFile File => _file;

    public ValueTask<IReadOnlyList<RejectedProduct>> WriteAsync(IReadOnlyList<Product> products, CancellationToken cancellation) =>
        UseAsync(() => Write(products, cancellation), cancellation);

    public ValueTask<long> GetPositionAsync(CancellationToken cancellation) => UseAsync(() => Read(_getPosition), cancellation);

    public async ValueTask SavePositionAsync(long position, CancellationToken cancellation) => await UseAsync(
        () =>
        {
            _setPosition.Bind(1, position).Run();
            return true;
        },
        cancellation);

    /// <summary>Runs something on the writer's connection, alone.</summary>
    public async ValueTask<T> UseAsync<T>(Func<T> use, CancellationToken cancellation)
    {
        if (!_file.TryEnter()) throw IndexFile.Rebuilding();
        try
        {
            await _file.DocsLoaded.WaitAsync(cancellation);
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

    private IReadOnlyList<RejectedProduct> Write(IReadOnlyList<Product> products, CancellationToken cancellation)
    {
        Settle();
        List<RejectedProduct> rejected = [];
        var attempt = _attempt = new Attempt(_file.Docs.Current.After, new Dictionary<int, Doc?>(products.Count));
        _file.Connection.Execute("BEGIN IMMEDIATE");
        try
        {
            foreach (var product in products)
            {
                cancellation.ThrowIfCancellationRequested();
                if (Put(product, attempt.Changes) is { } reason) rejected.Add(new RejectedProduct(product, reason));
            }
            // A number that an attempt before had is never used again: readers may still hold what it would have become.
            _setGeneration.Bind(1, ++_generation).Run();
            attempt.After = attempt.Before.With(_generation, attempt.Changes);
            _file.Docs.Publish(attempt.Before, attempt.After);
            _file.Connection.Execute("COMMIT");
        }
        catch
        {
            if (!_file.Connection.IsIdle) _file.Connection.Execute("ROLLBACK");
            throw;
        }
        Finish(attempt, committed: true);
        Changed?.Invoke();
        _file.Readers.LetGo();
        _log.Empty();
        return rejected;
    }

    // Returns why the product can never be taken, or null.
    private string? Put(Product product, Dictionary<int, Doc?> changes)
    {
        if (!ProductName.TryParse(product.Name, out var id)) return $"\"{product.Name}\" is not the name of a product.";
        if (product.Version <= 0) return "It has no version.";

        _find.Bind(1, id);
        var row = 0;
        Product? held = null;
        if (_find.Step())
        {
            if (_find.Long(1) >= product.Version)
            {
                _find.Reset();
                return null;
            }
            row = (int)_find.Long(0);
            if (_find.Long(2) == 0) held = Product.Parser.ParseFrom(_find.Blob(3));
            _find.Reset();
        }

        var deleted = product.State == Product.Types.State.Deleted;
        var sameText = held is not null && !deleted && IndexedText.Same(held, product);
        Doc? doc = null;
        if (!deleted)
        {
            if (!sameText) _text.Set(product);
            try
            {
                doc = new Doc(product, sameText ? IndexedText.CountWords(product.Title) : _text.TitleWords, _file.Terms);
            }
            catch (Exception exception) when (exception is OverflowException or InvalidOperationException or ArgumentException)
            {
                return exception.Message;
            }
        }

        var isNew = row == 0;
        if (isNew) row = _nextRow++;
        changes[row] = doc;
        var body = product.ToByteArray();
        if (isNew) _insert.Bind(1, row).Bind(2, id).Bind(3, product.Version).Bind(4, deleted ? 1 : 0).BindBlob(5, body).Run();
        else _update.Bind(1, row).Bind(2, product.Version).Bind(3, deleted ? 1 : 0).BindBlob(4, body).Run();
        if (sameText) return null;
        if (held is not null) _removeWords.Bind(1, row).Run();
        if (deleted) return null;
        _addWords.Bind(1, row);
        for (var column = 0; column < Columns.Count; column++) _addWords.BindText(column + 2, _text.Column(column));
        _addWords.Run();
        _file.Vocabulary.Add(_text.Words);
        return null;
    }

    // Finds out where the file stands: at the beginning, and after an attempt that failed, perhaps only in telling that it had not.
    private void Settle()
    {
        if (_generation >= 0 && _attempt is null) return;
        if (!_file.Connection.IsIdle) _file.Connection.Execute("ROLLBACK");
        var generation = Read(_getGeneration);
        if (_attempt is { } attempt) Finish(attempt, committed: attempt.After?.Generation == generation);
        if (_file.Docs.Current.After.Generation != generation) throw new SqliteFault(SQLitePCL.raw.SQLITE_CORRUPT, "Somebody else wrote the index.");
        _nextRow = (int)Read(_lastRow) + 1;
        _generation = Math.Max(_generation, generation);
    }

    private void Finish(Attempt attempt, bool committed)
    {
        _attempt = null;
        if (!committed) _file.Docs.Publish(attempt.Before, attempt.Before);
        foreach (var (row, doc) in attempt.Changes)
            if ((committed ? attempt.Before[row] : doc) is { } unused) _file.Terms.Release(unused);
    }

    private static long Read(Statement statement)
    {
        if (!statement.Step()) throw new SqliteFault(SQLitePCL.raw.SQLITE_CORRUPT, "A row is missing.");
        var value = statement.Long(0);
        statement.Reset();
        return value;
    }

    private sealed record Attempt(DocSnapshot Before, Dictionary<int, Doc?> Changes)
    {
        public DocSnapshot? After { get; set; }
    }
}
