using SQLitePCL;

namespace Catalog.Sqlite.Sql;

/// <summary>
/// A connection for one thread at a time. SQLite's own interface, because the statements of a read stay prepared and nothing is allocated to run one.
/// </summary>
internal sealed class Connection : IDisposable
{
    private readonly sqlite3 _handle;
    private readonly List<Statement> _statements = [];
    private readonly bool _borrowed;

    static Connection() => Batteries_V2.Init();

    /// <summary>Opens a file; <paramref name="create"/> says whether it must be made.</summary>
    public Connection(string path, bool create = false)
    {
        var flags = raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_NOMUTEX | (create ? raw.SQLITE_OPEN_CREATE | raw.SQLITE_OPEN_EXCLUSIVE : 0);
        var code = raw.sqlite3_open_v2(path, out _handle, flags, null);
        if (code == raw.SQLITE_OK)
        {
            _ = raw.sqlite3_extended_result_codes(_handle, 1);
            return;
        }
        var message = raw.sqlite3_errmsg(_handle).utf8_to_string();
        _handle.Dispose();
        throw new SqliteFault(code, message);
    }

    /// <summary>Prepares statements on a connection that somebody else opened and closes.</summary>
    public Connection(sqlite3 handle)
    {
        _handle = handle;
        _borrowed = true;
    }

    /// <summary>Whether no transaction is open.</summary>
    public bool IsIdle => raw.sqlite3_get_autocommit(_handle) != 0;

    /// <summary>Runs statements whose results nobody wants.</summary>
    public void Execute(string sql)
    {
        for (var rest = sql; !string.IsNullOrWhiteSpace(rest);)
        {
            Check(raw.sqlite3_prepare_v2(_handle, rest, out var statement, out rest));
            using (statement)
            {
                int code;
                do
                {
                    code = raw.sqlite3_step(statement);
                }
                while (code == raw.SQLITE_ROW);
                if (code != raw.SQLITE_DONE) Fail(code);
            }
        }
    }

    /// <summary>Prepares a statement that lives as long as the connection.</summary>
    public Statement Prepare(string sql)
    {
        Check(raw.sqlite3_prepare_v3(_handle, sql, raw.SQLITE_PREPARE_PERSISTENT, out var statement));
        var prepared = new Statement(this, statement);
        _statements.Add(prepared);
        return prepared;
    }

    /// <summary>The row that was inserted last.</summary>
    public long LastInsertedRow => raw.sqlite3_last_insert_rowid(_handle);

    /// <summary>The first column of the first row.</summary>
    public long ReadLong(string sql)
    {
        using var statement = Once(sql);
        return statement.Step() ? statement.Long(0) : throw new SqliteFault(raw.SQLITE_CORRUPT, $"No row: {sql}");
    }

    /// <summary>Prepares a statement that its user disposes of.</summary>
    public Statement Once(string sql)
    {
        Check(raw.sqlite3_prepare_v2(_handle, sql, out var statement));
        return new Statement(this, statement);
    }

    /// <summary>Makes what runs on this connection fail. From any thread.</summary>
    public void Interrupt() => raw.sqlite3_interrupt(_handle);

    public void Dispose()
    {
        foreach (var statement in _statements) statement.Dispose();
        if (!_borrowed) _handle.Dispose();
    }

    internal void Check(int code)
    {
        if (code != raw.SQLITE_OK) Fail(code);
    }

    internal void Fail(int code)
    {
        // The code that was returned is the extended one only where the connection was opened so.
        var extended = raw.sqlite3_extended_errcode(_handle);
        throw new SqliteFault((extended & 0xff) == (code & 0xff) ? extended : code, raw.sqlite3_errmsg(_handle).utf8_to_string());
    }
}
