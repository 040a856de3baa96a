using Catalog.Sqlite.Index.Text;
using Catalog.Sqlite.Sql;

namespace Catalog.Sqlite.Index;

/// <summary>What an index file looks like inside. There are no migrations: a file of another version is built anew.</summary>
internal static class Schema
{
    /// <summary>Changes with the tables, and with how text is cut into words or documents are read.</summary>
    private const int Version = 3;

    /// <summary>Tells our files from others: "cqrs".</summary>
    private const int ApplicationId = 0x63717273;

    /// <summary>Makes the tables of an empty file.</summary>
    public static void Create(Connection connection, string logId)
    {
        // The full text index holds some hundred products in memory before it writes them. Its segments are merged after the commit, not in it.
        connection.Execute($"""
            PRAGMA journal_mode = WAL;
            BEGIN IMMEDIATE;
            CREATE TABLE meta(log_id TEXT NOT NULL, position INTEGER NOT NULL, complete INTEGER NOT NULL, generation INTEGER NOT NULL);
            CREATE TABLE docs(row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, deleted INTEGER NOT NULL, body BLOB NOT NULL);
            CREATE VIRTUAL TABLE words USING fts5({Columns.Declared}, content = '', contentless_delete = 1, tokenize = 'ascii');
            INSERT INTO words(words, rank) VALUES('hashsize', 4194304), ('automerge', 0), ('crisismerge', 64);
            CREATE VIRTUAL TABLE vocabulary USING fts5vocab(words, row);
            CREATE TABLE dead_letters(position INTEGER PRIMARY KEY, body BLOB NOT NULL, reason TEXT NOT NULL, time INTEGER NOT NULL);
            PRAGMA application_id = {ApplicationId};
            PRAGMA user_version = {Version};
            """);
        using (var insert = connection.Once("INSERT INTO meta VALUES(?1, 0, 0, 0)")) insert.Bind(1, logId).Run();
        connection.Execute("COMMIT");
    }

    /// <summary>Notes that the index holds everything. On disk when it returns: the index before is removed next.</summary>
    public static void Complete(Connection connection)
    {
        connection.Execute("UPDATE meta SET complete = 1");
        connection.Execute("PRAGMA wal_checkpoint(FULL)");
    }

    /// <summary>Whether a file is an index at all, of whatever version.</summary>
    public static bool IsOurs(Connection connection) => connection.ReadLong("PRAGMA application_id") == ApplicationId;

    /// <summary>Checks that a file is a complete index of this version. Throws <see cref="UnusableIndexException"/> if not.</summary>
    public static void Check(Connection connection)
    {
        if (!IsOurs(connection)) throw new UnusableIndexException("it is no index");
        var version = connection.ReadLong("PRAGMA user_version");
        if (version != Version) throw new UnusableIndexException($"its schema is {version}, not {Version}", ours: true);
        if (connection.ReadLong("SELECT complete FROM meta") == 0) throw new UnusableIndexException("it was never completed", ours: true);
    }
}

/// <summary>A file cannot serve as the index.</summary>
/// <param name="reason">Why, for people.</param>
/// <param name="ours">Whether it is whole and ours, only not of use, so that nobody will want to look at it.</param>
internal sealed class UnusableIndexException(string reason, bool ours = false) : Exception(reason)
{
    public bool Ours { get; } = ours;
}
