using Catalog.Queries;
using Catalog.Sqlite.Index.Documents;
using Catalog.Sqlite.Index.Text;
using Catalog.Sqlite.Sql;
using Catalog.V1;
using Google.Protobuf;

namespace Catalog.Sqlite.Index;

/// <summary>
/// One open index: its file, its connections, and what of it is held in memory. Everyone who uses it enters and exits; when an index was closed and
/// the last one is out, the file is let go.
/// </summary>
internal sealed class IndexFile
{
    private readonly CancellationTokenSource _closing = new();
    private readonly Action<IndexFile, Exception> _damaged, _failed;
    private readonly Action<IndexFile> _closed;
    private int _users = 1; // the set itself
    private int _isClosed, _isDamaged;

    private IndexFile(string path, Connection connection, bool isNew, Action<IndexFile, Exception> damaged, Action<IndexFile, Exception> failed, Action<IndexFile> closed)
    {
        Path = path;
        _damaged = damaged;
        _failed = failed;
        _closed = closed;
        Connection = connection;
        // Enough, because the file can be built anew: power loss takes the last commits, in order, so the position never survives what was written
        // before it.
        connection.Execute("PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32000");
        using (var meta = connection.Once("SELECT log_id, generation FROM meta"))
        {
            if (!meta.Step()) throw new UnusableIndexException("it names no event log");
            LogId = meta.Text(0);
            var empty = DocSnapshot.Empty(meta.Long(1));
            Docs.Publish(empty, empty);
        }
        Readers = new ReaderPool(path, Docs);
        Writer = new IndexWriter(this);
        if (isNew) return;
        // One after the other: searches wait for the first.
        var loader = new IndexLoader(this);
        DocsLoaded = LoadAsync(Task.CompletedTask, loader.LoadDocs);
        VocabularyLoaded = LoadAsync(DocsLoaded, loader.LoadVocabulary);
    }

    public string Path { get; }

    public string LogId { get; }

    /// <summary>The writer's own connection.</summary>
    public Connection Connection { get; }

    public IndexWriter Writer { get; }

    public ReaderPool Readers { get; }

    public PublishedDocs Docs { get; } = new();

    public TermTable Terms { get; } = new();

    public Vocabulary Vocabulary { get; } = new();

    /// <summary>Set by whoever closes it: whether the file is of no more use.</summary>
    public FileEnd End { get; private set; }

    /// <summary>Done when <see cref="Docs"/> and <see cref="Terms"/> are.</summary>
    public Task DocsLoaded { get; } = Task.CompletedTask;

    /// <summary>Done when <see cref="Vocabulary"/> is.</summary>
    public Task VocabularyLoaded { get; } = Task.CompletedTask;

    /// <summary>Cancelled when the index closes.</summary>
    public CancellationToken Closing => _closing.Token;

    /// <summary>Whether it can be used.</summary>
    public bool IsUsable => Volatile.Read(ref _isDamaged) == 0 && Volatile.Read(ref _isClosed) == 0;

    /// <summary>Makes an empty index that is not complete.</summary>
    public static IndexFile Create(string path, string logId, Action<IndexFile, Exception> damaged, Action<IndexFile, Exception> failed, Action<IndexFile> closed)
    {
        var connection = new Connection(path, create: true);
        try
        {
            Schema.Create(connection, logId);
            return new IndexFile(path, connection, isNew: true, damaged, failed, closed);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Opens a complete index. Throws <see cref="UnusableIndexException"/> or <see cref="SqliteFault"/> where there is none.</summary>
    public static IndexFile Open(string path, Action<IndexFile, Exception> damaged, Action<IndexFile, Exception> failed, Action<IndexFile> closed)
    {
        var connection = new Connection(path);
        try
        {
            Schema.Check(connection);
            return new IndexFile(path, connection, isNew: false, damaged, failed, closed);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Begins a use; false if the index is closed.</summary>
    public bool TryEnter()
    {
        for (var users = Volatile.Read(ref _users); users > 0; users = Volatile.Read(ref _users))
            if (Interlocked.CompareExchange(ref _users, users + 1, users) == users) return true;
        return false;
    }

    /// <summary>Ends a use.</summary>
    public void Exit()
    {
        if (Interlocked.Decrement(ref _users) > 0) return;
        Readers.Dispose();
        Connection.Dispose();
        _closed(this);
    }

    /// <summary>Lets go of the file once nobody uses it any more.</summary>
    public void Close(FileEnd end)
    {
        if (Interlocked.Exchange(ref _isClosed, 1) != 0) return;
        End = end;
        _closing.Cancel();
        Exit();
    }

    /// <summary>What to tell the caller of something that failed; the owner hears of it if the file is broken.</summary>
    public Exception Explain(Exception cause)
    {
        if (cause is SqliteFault { IsDamage: true } or InvalidProtocolBufferException || !IsThere(cause)) return Break(cause);
        _failed(this, cause);
        return new IndexUnavailableException(ErrorReason.IndexUnavailable, "The index cannot be used now.", inner: cause);
    }

    // In a file that somebody emptied, a connection that is new finds no tables, and throws away the log that those who were there before go on writing.
    private bool IsThere(Exception cause)
    {
        if (!File.Exists(Path)) return false;
        if (cause is not SqliteFault { IsOfStatement: true }) return true;
        try
        {
            using var connection = new Connection(Path);
            return Schema.IsOurs(connection);
        }
        catch (SqliteFault fault)
        {
            return !fault.IsDamage;
        }
    }

    private IndexUnavailableException Break(Exception cause)
    {
        if (Interlocked.Exchange(ref _isDamaged, 1) == 0) _damaged(this, cause);
        return Rebuilding(cause);
    }

    /// <summary>There is no index that could answer.</summary>
    public static IndexUnavailableException Rebuilding(Exception? cause = null) =>
        new(ErrorReason.IndexRebuilding, "The index is being built.", inner: cause);

    /// <summary>Whether an exception is about the file, and <see cref="Explain"/> knows what to say.</summary>
    public static bool IsFault(Exception exception) => exception is SqliteFault or InvalidProtocolBufferException;

    private async Task LoadAsync(Task before, Action load)
    {
        TryEnter();
        try
        {
            await before;
            await Task.Run(load, Closing);
        }
        catch (Exception) when (_closing.IsCancellationRequested)
        {
            throw Rebuilding();
        }
        // What cannot be loaded is of no use, whatever the cause: the truth has all that is in it, and another one is built.
        catch (Exception fault) when (fault is not IndexUnavailableException)
        {
            throw Break(fault);
        }
        finally
        {
            Exit();
        }
    }
}

/// <summary>What becomes of a file that is closed.</summary>
internal enum FileEnd
{
    /// <summary>It stays.</summary>
    Keep,
    /// <summary>It is removed.</summary>
    Delete,
    /// <summary>It is kept for people to look at.</summary>
    SetAside,
}
