using Catalog.Sqlite.Index.Documents;
using Catalog.Sqlite.Sql;

namespace Catalog.Sqlite.Index;

/// <summary>A connection of a reader, with the statements that reads are made of.</summary>
internal sealed class ReadConnection : IDisposable
{
    private readonly Connection _connection;
    private readonly Statement _begin, _end, _generation, _version, _body, _bodyAt, _match, _frequency;

    public ReadConnection(string path)
    {
        _connection = new Connection(path);
        _connection.Execute("PRAGMA query_only = 1; PRAGMA cache_size = -4000; PRAGMA busy_timeout = 2000");
        _begin = _connection.Prepare("BEGIN");
        _end = _connection.Prepare("COMMIT");
        _generation = _connection.Prepare("SELECT generation FROM meta");
        _version = _connection.Prepare("SELECT version FROM docs WHERE id = ?1");
        _body = _connection.Prepare("SELECT body FROM docs WHERE id = ?1 AND deleted = 0");
        _bodyAt = _connection.Prepare("SELECT body FROM docs WHERE row = ?1");
        _match = _connection.Prepare("SELECT rowid FROM words WHERE words MATCH ?1 ORDER BY rowid");
        _frequency = _connection.Prepare("SELECT doc FROM vocabulary WHERE term = ?1");
    }

    /// <summary>The documents of the moment at which this connection sees the file.</summary>
    public DocSnapshot Docs { get; private set; } = DocSnapshot.Empty(0);

    /// <summary>Whether the file is seen as it stands now.</summary>
    public bool IsCurrent(PublishedDocs published) => ReferenceEquals(Docs, published.Current.After);

    /// <summary>Sees to it that everything committed by now is seen.</summary>
    public void Refresh(PublishedDocs published)
    {
        while (true)
        {
            var now = published.Current;
            if (!_connection.IsIdle)
            {
                if (IsCurrent(published)) return;
                LetGo();
            }
            _begin.Run();
            if (now.Find(_generation.ReadLong()) is not { } docs)
            {
                // Two commits came between these lines.
                LetGo();
                continue;
            }
            Docs = docs;
            return;
        }
    }

    /// <summary>Sees nothing any more, until it is refreshed.</summary>
    public void LetGo()
    {
        Docs = DocSnapshot.Empty(0);
        if (!_connection.IsIdle) _end.Run();
    }

    /// <summary>Runs something that may take long; cancelling it takes effect at once.</summary>
    public T Run<T>(Func<T> run, CancellationToken cancellation)
    {
        try
        {
            using var stop = cancellation.UnsafeRegister(static connection => ((Connection)connection!).Interrupt(), _connection);
            return run();
        }
        catch (SqliteFault fault) when (fault.IsInterrupt && cancellation.IsCancellationRequested)
        {
            throw new OperationCanceledException(fault.Message, fault, cancellation);
        }
    }

    /// <summary>The version of a product; 0 if it is not there.</summary>
    public long Version(string id) => _version.Bind(1, id).FindLong() ?? 0;

    /// <summary>A product; null if it is not there or deleted.</summary>
    public V1.Product? Product(string id)
    {
        _body.Bind(1, id);
        return Parse(_body, out _);
    }

    /// <summary>The product in a row, and how many bytes it takes there.</summary>
    public V1.Product ProductAt(int row, out int size)
    {
        _bodyAt.Bind(1, row);
        return Parse(_bodyAt, out size) ?? throw new SqliteFault(SQLitePCL.raw.SQLITE_CORRUPT, "A product is missing.");
    }

    /// <summary>In how many products a word occurs.</summary>
    public long Frequency(string word) => _frequency.Bind(1, word).FindLong() ?? 0;

    /// <summary>The rows that satisfy a query of the full text index, in rising order.</summary>
    public IEnumerable<int> Match(string query)
    {
        _match.Bind(1, query);
        try
        {
            while (_match.Step()) yield return (int)_match.Long(0);
        }
        finally
        {
            _match.Reset();
        }
    }

    public void Dispose() => _connection.Dispose();

    private static V1.Product? Parse(Statement statement, out int size)
    {
        size = 0;
        if (!statement.Step()) return null;
        try
        {
            var body = statement.Blob(0);
            size = body.Length;
            return V1.Product.Parser.ParseFrom(body);
        }
        finally
        {
            statement.Reset();
        }
    }
}
