namespace Catalog.Sqlite.Sql;

/// <summary>
/// Keeps a write-ahead log short. Under constant readers it would never be free to start over by itself, so those that still read from it are waited for, if only for a moment.
/// Writing it back takes a disk's pace, so it is done after a commit is visible, not in it.
/// </summary>
/// <param name="connection">The connection that writes.</param>
/// <param name="path">The database file.</param>
/// <param name="step">How many bytes are long, and how many more there must be before those who did not make way are asked again.</param>
internal sealed class WriteAheadLog(Connection connection, string path, long step)
{
    private readonly Statement _truncate = connection.Prepare("PRAGMA wal_checkpoint(TRUNCATE)");
    private readonly FileInfo _file = new(path + "-wal");
    private long _asked;

    /// <summary>Whether it is long.</summary>
    public bool IsLong
    {
        get
        {
            _file.Refresh();
            return _file.Exists && _file.Length >= _asked + step;
        }
    }

    /// <summary>Empties the log, unless somebody reads from it for longer than a moment.</summary>
    public void Empty()
    {
        _asked = _file.Length;
        var patience = connection.ReadLong("PRAGMA busy_timeout");
        connection.Execute("PRAGMA busy_timeout = 200");
        try
        {
            if (_truncate.Step() && _truncate.Long(0) == 0) _asked = 0;
        }
        finally
        {
            _truncate.Reset();
            connection.Execute($"PRAGMA busy_timeout = {patience}");
        }
    }
}
