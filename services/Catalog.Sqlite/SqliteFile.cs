using Catalog.Commands;
using Catalog.Sqlite.Sql;
using Catalog.V1;
using Google.Protobuf;
using Microsoft.Data.Sqlite;

namespace Catalog.Sqlite;

/// <summary>How the files are opened, and what SQLite's failures mean to the person who runs the service.</summary>
internal static class SqliteFile
{
    /// <summary>A connection of its own, outside any pool: the pool would keep the file open after the connection is closed.</summary>
    public static SqliteConnection Open(string path, bool writable, string pragmas)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = writable ? SqliteOpenMode.ReadWriteCreate : SqliteOpenMode.ReadWrite,
            Pooling = false,
            ForeignKeys = true,
            DefaultTimeout = 5,
        }.ToString());
        try
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = pragmas;
            command.ExecuteNonQuery();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>A file, and what SQLite keeps beside it: a journal that a killed process left would be written into the next file of that name.</summary>
    public static readonly string[] Companions = ["", "-wal", "-shm", "-journal"];

    /// <summary>Removes a file and what belongs to it, as far as they are there.</summary>
    public static void Delete(string file)
    {
        try
        {
            foreach (var companion in Companions) File.Delete(file + companion);
        }
        catch (DirectoryNotFoundException)
        {
            // Then none of them is there.
        }
    }

    private const string Repair = "Restore a backup: with the verb restore while the service runs; where it does not start, move its folder away and start it on an empty one first.";

    /// <summary>What went wrong and what to do about it.</summary>
    public static CommandStoreException Explain(Exception error, string path) => new(ErrorReason.StoreUnavailable, error switch
    {
        SqliteFault fault => Explain(fault.Code, fault.Message, path),
        SqliteException driver => Explain(driver.SqliteErrorCode, driver.Message, path),
        InvalidProtocolBufferException => $"{path} is damaged: a product in it cannot be read. The others are served. {Repair}",
        _ => "The command database failed; the service's log says how.",
    }, error);

    private static string Explain(int code, string message, string path) => (code & 0xff) switch
    {
        SQLitePCL.raw.SQLITE_FULL => $"The disk that holds {path} is full. Free some space; the service goes on by itself.",
        SQLitePCL.raw.SQLITE_READONLY or SQLitePCL.raw.SQLITE_PERM or SQLitePCL.raw.SQLITE_CANTOPEN =>
            $"{path} cannot be written. Give the service's user write access to the folder, or choose another one.",
        _ when SqliteFault.MeansDamage(code) => $"{path} is damaged. {Repair}",
        SQLitePCL.raw.SQLITE_BUSY or SQLitePCL.raw.SQLITE_LOCKED => $"{path} is locked by another process for too long. Repeat the command.",
        SQLitePCL.raw.SQLITE_IOERR => $"The disk that holds {path} fails to read or write ({message}). Check the disk.",
        _ => $"{path}: {message}",
    };
}
