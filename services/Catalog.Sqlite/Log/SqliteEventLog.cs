using Catalog.Projections;
using Catalog.Sqlite.Sql;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Catalog.Sqlite;

/// <summary>The event log in the command database. SQLite has one writer, so positions are in commit order and nothing is ever behind a reader.</summary>
public sealed class SqliteEventLog : IEventLog, IDisposable
{
    // How long a commit of another process may go unnoticed.
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    private readonly Lock _advancing = new();
    private readonly CommandDatabaseOptions _options;
    private readonly Func<Action<SqliteConnection>, Action, Task> _write;
    private long _head;
    private TaskCompletionSource _advanced = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal SqliteEventLog(CommandDatabaseOptions options, Func<Action<SqliteConnection>, Action, Task> write)
    {
        _options = options;
        _write = write;
        Readers = new ConnectionPool(options.Path);
        _head = ReadBounds().Head;
    }

    internal ConnectionPool Readers { get; }

    /// <inheritdoc />
    public ValueTask<LogBounds> GetBoundsAsync(CancellationToken cancellation) => ValueTask.FromResult(ReadBounds());

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<LoggedEvent>> ReadAsync(long after, int limit, CancellationToken cancellation) => ValueTask.FromResult(Read(after, limit, ConnectionPool.MaxBytes));

    /// <inheritdoc />
    public Task WaitAsync(long after, CancellationToken cancellation)
    {
        Task advanced;
        lock (_advancing)
        {
            if (_head > after)
            {
                // Where other processes write, one of them may have put a shorter log in its place: then only the caller's own look tells, and the next wait is one.
                if (_options.Shared) _head = after;
                return Task.CompletedTask;
            }
            advanced = _advanced.Task;
        }
        return _options.Shared ? LookAgainAsync(advanced, cancellation) : advanced.WaitAsync(cancellation);
    }

    /// <inheritdoc />
    public Task RenewAsync(CancellationToken cancellation) =>
        _write(connection => connection.Execute("UPDATE log SET id = $id; UPDATE relay SET epoch = epoch + 1, owner = NULL, expires = 0", new { id = NewId() }), Wake);

    /// <inheritdoc />
    public void Dispose() => Readers.Dispose();

    internal static string NewId() => Guid.NewGuid().ToString("n");

    /// <summary>Takes in that the whole database was replaced: the log has another id, and may end earlier.</summary>
    internal void Replaced()
    {
        var head = ReadBounds().Head;
        lock (_advancing) _head = head;
        Wake();
    }

    /// <summary>Wakes the readers: there are events up to this position.</summary>
    internal void Advance(long head)
    {
        lock (_advancing)
        {
            if (head <= _head) return;
            _head = head;
        }
        Wake();
    }

    /// <summary>Reads events after a position, as many as are asked for or make so many bytes.</summary>
    internal IReadOnlyList<LoggedEvent> Read(long after, int limit, int maxBytes) => Readers.ReadSome(
        "SELECT position, body FROM events WHERE position > ?1 ORDER BY position LIMIT ?2", [after, limit],
        row => new LoggedEvent(row.Long(0), row.Blob(1).ToArray()), logged => logged.Body.Length, maxBytes);

    /// <summary>Reads events after a position, as many as are asked for or fit into one read.</summary>
    internal IReadOnlyList<T> Read<T>(string sql, long after, int limit, Func<Statement, T> take, Func<T, int> size) => Readers.ReadSome(sql, [after, limit], take, size);

    private static async Task LookAgainAsync(Task advanced, CancellationToken cancellation)
    {
        try
        {
            await advanced.WaitAsync(Poll, cancellation);
        }
        catch (TimeoutException)
        {
            // Another process may have written; the caller looks.
        }
    }

    private void Wake()
    {
        TaskCompletionSource advanced;
        lock (_advancing)
        {
            advanced = _advanced;
            _advanced = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        advanced.SetResult();
    }

    private LogBounds ReadBounds() => Readers.Read("SELECT id, trimmed, (SELECT max(position) FROM events) FROM log", [], row =>
    {
        row.Step();
        return new LogBounds(row.Text(0), row.Long(1), row.IsNull(2) ? row.Long(1) : row.Long(2));
    });
}
