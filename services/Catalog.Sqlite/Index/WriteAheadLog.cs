using Catalog.Sqlite.Sql;

namespace Catalog.Sqlite.Index;

/// <summary>
/// Keeps the write-ahead log short. Writing it back takes a disk's pace, so it is done after a commit is visible, not in it. Under constant readers
/// the log would never be free to start over by itself, so those that still read from it are waited for, if only for a moment.
/// </summary>
internal sealed class WriteAheadLog
{
    private const long Step = 16 << 20;

    private readonly Statement _truncate;
    private readonly FileInfo _file;
    private long _limit = Step;

    public WriteAheadLog(Connection connection, string path)
    {
        connection.Execute("PRAGMA wal_autocheckpoint = 0; PRAGMA busy_timeout = 200");
        _truncate = connection.Prepare("PRAGMA wal_checkpoint(TRUNCATE)");
        _file = new FileInfo(path + "-wal");
    }

    /// <summary>Empties the log if it has become long.</summary>
    public void Empty(ReaderPool readers)
    {
        _file.Refresh();
        if (!_file.Exists || _file.Length < _limit) return;
        readers.KeepViews = false;
        try
        {
            readers.LetGo();
            _truncate.Step();
            var busy = _truncate.Long(0) != 0;
            _truncate.Reset();
            _limit = busy ? _file.Length + Step : Step;
        }
        finally
        {
            readers.KeepViews = true;
        }
    }
}
