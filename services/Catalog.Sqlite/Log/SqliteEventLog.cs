using Catalog.Projections;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Catalog.Sqlite;

/// <summary>The event log in the command database. SQLite has one writer, so positions are in commit order and nothing is ever behind a reader.</summary>
public sealed class SqliteEventLog : IEventLog, IDisposable
{
    // One read holds no more in memory than this and one event, however large the products are.
    private const int MaxBytes = 4 * 1024 * 1024;

    private readonly ConnectionPool _readers;
    private readonly Lock _advancing = new();
    private readonly Func<Action<SqliteConnection>, Action, Task> _write;
    private volatile string _logId;
    private long _head;
    private TaskCompletionSource _advanced = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal SqliteEventLog(string path, string logId, Func<Action<SqliteConnection>, Action, Task> write)
    {
        _logId = logId;
        _write = write;
        _readers = new ConnectionPool(path);
        _head = ReadBounds().Head;
    }

    /// <summary>The log's id.</summary>
    public string LogId => _logId;

    /// <inheritdoc />
    public ValueTask<LogBounds> GetBoundsAsync(CancellationToken cancellation) => ValueTask.FromResult(ReadBounds());

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<LoggedEvent>> ReadAsync(long after, int limit, CancellationToken cancellation)
    {
        var reader = _readers.Rent();
        try
        {
            var events = new List<LoggedEvent>();
            using var rows = reader.Prepare("SELECT position, body FROM events WHERE position > $1 ORDER BY position LIMIT $2", after, limit).ExecuteReader();
            for (var bytes = 0; bytes < MaxBytes && rows.Read(); bytes += events[^1].Body.Length)
                events.Add(new LoggedEvent(rows.GetInt64(0), rows.GetFieldValue<byte[]>(1)));
            return ValueTask.FromResult<IReadOnlyList<LoggedEvent>>(events);
        }
        finally
        {
            _readers.Return(reader);
        }
    }

    /// <inheritdoc />
    public Task WaitAsync(long after, CancellationToken cancellation)
    {
        lock (_advancing) return _head > after ? Task.CompletedTask : _advanced.Task.WaitAsync(cancellation);
    }

    /// <inheritdoc />
    public Task RenewAsync(CancellationToken cancellation)
    {
        var id = Guid.NewGuid().ToString("n");
        return _write(connection => connection.Execute("UPDATE log SET id = $id", new { id }), () =>
        {
            _logId = id;
            Wake();
        });
    }

    /// <inheritdoc />
    public void Dispose() => _readers.Dispose();

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

    private LogBounds ReadBounds()
    {
        var reader = _readers.Rent();
        try
        {
            using var row = reader.Prepare("SELECT trimmed, (SELECT max(position) FROM events) FROM log").ExecuteReader();
            row.Read();
            var trimmed = row.GetInt64(0);
            return new LogBounds(LogId, trimmed, row.IsDBNull(1) ? trimmed : row.GetInt64(1));
        }
        finally
        {
            _readers.Return(reader);
        }
    }
}
