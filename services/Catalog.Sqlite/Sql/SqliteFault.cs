namespace Catalog.Sqlite.Sql;

/// <summary>SQLite refused something.</summary>
internal sealed class SqliteFault(int code, string message) : Exception($"SQLite error {code}: {message}")
{
    private const int Primary = 0xff;

    /// <summary>The extended result code.</summary>
    public int Code { get; } = code;

    /// <summary>Whether the file is broken, or shorter than it was, rather than the disk full or someone in the way.</summary>
    public bool IsDamage => MeansDamage(Code);

    /// <summary>The same of a code alone.</summary>
    public static bool MeansDamage(int code) => (code & Primary) is SQLitePCL.raw.SQLITE_CORRUPT or SQLitePCL.raw.SQLITE_NOTADB || code == SQLitePCL.raw.SQLITE_IOERR_SHORT_READ;

    /// <summary>Whether a statement was refused for what it says, which may be that a table is not there.</summary>
    public bool IsOfStatement => (Code & Primary) == SQLitePCL.raw.SQLITE_ERROR;

    /// <summary>Whether another process was in the way for too long.</summary>
    public bool IsBusy => (Code & Primary) == SQLitePCL.raw.SQLITE_BUSY;

    /// <summary>Whether the call was interrupted on purpose.</summary>
    public bool IsInterrupt => (Code & Primary) == SQLitePCL.raw.SQLITE_INTERRUPT;
}
