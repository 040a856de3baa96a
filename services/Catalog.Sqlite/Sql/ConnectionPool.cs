using System.Collections.Concurrent;
using Catalog.Commands;

namespace Catalog.Sqlite.Sql;

/// <summary>Reading connections to a command database, each used by one caller at a time, with the statements that it prepared.</summary>
internal sealed class ConnectionPool(string path) : IDisposable
{
    /// <summary>As many bytes of rows as are read at once where nobody keeps them for long.</summary>
    public const int MaxBytes = 4 * 1024 * 1024;

    private readonly ConcurrentBag<Reader> _idle = [];
    private volatile bool _disposed;

    /// <summary>Reads something on a connection of the pool. What <paramref name="read"/> has not stepped to its end is let go of.</summary>
    /// <exception cref="CommandStoreException">It failed; the message says what to do.</exception>
    public T Read<T>(string sql, ReadOnlySpan<long> parameters, Func<Statement, T> read)
    {
        try
        {
            return ReadNow(sql, parameters, read);
        }
        catch (SqliteFault fault)
        {
            throw SqliteFile.Explain(fault, path);
        }
    }

    /// <summary>Reads rows, all of them or as many as make so many bytes, and at least one if there is one.</summary>
    /// <exception cref="CommandStoreException">It failed; the message says what to do.</exception>
    public IReadOnlyList<T> ReadSome<T>(string sql, ReadOnlySpan<long> parameters, Func<Statement, T> take, Func<T, int> size, int maxBytes = MaxBytes) => Read(sql, parameters, rows =>
    {
        var read = new List<T>();
        for (var bytes = 0; bytes < maxBytes && rows.Step(); bytes += size(read[^1])) read.Add(take(rows));
        return read;
    });

    private T ReadNow<T>(string sql, ReadOnlySpan<long> parameters, Func<Statement, T> read)
    {
        var reader = _idle.TryTake(out var idle) ? idle : new Reader(path);
        try
        {
            var statement = reader.Prepare(sql);
            for (var i = 0; i < parameters.Length; i++) statement.Bind(i + 1, parameters[i]);
            try
            {
                return read(statement);
            }
            finally
            {
                statement.Reset();
            }
        }
        finally
        {
            if (_disposed) reader.Dispose();
            else _idle.Add(reader);
        }
    }

    public void Dispose()
    {
        _disposed = true;
        while (_idle.TryTake(out var reader)) reader.Dispose();
    }

    private sealed class Reader : IDisposable
    {
        private readonly Connection _connection;
        private readonly Dictionary<string, Statement> _prepared = new(StringComparer.Ordinal);

        public Reader(string path)
        {
            _connection = new Connection(path);
            _connection.Execute("PRAGMA query_only = ON; PRAGMA cache_size = -2048; PRAGMA busy_timeout = 5000");
        }

        public Statement Prepare(string sql)
        {
            if (!_prepared.TryGetValue(sql, out var statement)) _prepared.Add(sql, statement = _connection.Prepare(sql));
            return statement;
        }

        public void Dispose() => _connection.Dispose();
    }
}
