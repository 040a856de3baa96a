using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Catalog.Sqlite;

/// <summary>Reading connections to one file, each used by one caller at a time, with the statements that it prepared.</summary>
internal sealed class ConnectionPool(string path) : IDisposable
{
    private readonly ConcurrentBag<Reader> _idle = [];
    private volatile bool _disposed;

    public Reader Rent() => _idle.TryTake(out var reader) ? reader : new Reader(path);

    public void Return(Reader reader)
    {
        if (_disposed) reader.Dispose();
        else _idle.Add(reader);
    }

    public void Dispose()
    {
        _disposed = true;
        while (_idle.TryTake(out var reader)) reader.Dispose();
    }

    /// <summary>One connection.</summary>
    internal sealed class Reader(string path) : IDisposable
    {
        private readonly SqliteConnection _connection = SqliteFile.Open(path, writable: false, "PRAGMA query_only = ON; PRAGMA cache_size = -2048");
        private readonly Dictionary<string, SqliteCommand> _prepared = new(StringComparer.Ordinal);

        /// <summary>The statement with its parameters <c>$1</c>, <c>$2</c> … bound, prepared at its first use.</summary>
        public SqliteCommand Prepare(string sql, params ReadOnlySpan<object> values)
        {
            if (!_prepared.TryGetValue(sql, out var command))
            {
                command = _connection.CreateCommand();
                command.CommandText = sql;
                for (var i = 1; i <= values.Length; i++) command.Parameters.Add(new SqliteParameter { ParameterName = $"${i}" });
                _prepared.Add(sql, command);
            }
            for (var i = 0; i < values.Length; i++) command.Parameters[i].Value = values[i];
            return command;
        }

        public void Dispose()
        {
            foreach (var command in _prepared.Values) command.Dispose();
            _connection.Dispose();
        }
    }
}
