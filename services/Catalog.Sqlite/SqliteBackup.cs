using Catalog.Commands;
using Catalog.V1;
using Dapper;
using Google.Protobuf;
using Microsoft.Data.Sqlite;

namespace Catalog.Sqlite;

/// <summary>Copies of a command database: made while it is written, and made ready to take its place while it serves.</summary>
public static class SqliteBackup
{
    /// <summary>Stands for the standard input or output where a file is asked for.</summary>
    public const string Standard = "-";

    /// <summary>Where <see cref="PrepareAsync"/> puts what is to take the place of a database.</summary>
    public static string PreparedFor(string database) => database + ".restore";

    /// <summary>Writes the database as it is at one instant into a file that is not there yet, or to the standard output, once the copy was found whole.</summary>
    /// <returns>How many products the copy has.</returns>
    /// <exception cref="CommandStoreException">It cannot be copied, or is damaged; the message says what to do.</exception>
    public static async Task<int> SaveAsync(string database, string target)
    {
        if (!File.Exists(database)) throw Failure($"There is no catalog at {database}.");
        if (target != Standard && Path.Exists(target)) throw Failure($"{target} is there already. Name a file that is not.");
        var copy = target == Standard ? database + ".backup" : target + ".part";
        try
        {
            Remove(copy);
            using (var source = OpenSource(database)) await source.ExecuteAsync("VACUUM INTO $copy", new { copy });
            var products = Check(copy);
            await using (var written = new FileStream(copy, FileMode.Open, FileAccess.ReadWrite))
            {
                written.Flush(flushToDisk: true);
                if (target == Standard) await written.CopyToAsync(Console.OpenStandardOutput());
            }
            if (target != Standard) File.Move(copy, target);
            return products;
        }
        catch (Exception e) when (IsExpected(e))
        {
            throw Explain(e, database, target, "Restore an older backup.");
        }
        finally
        {
            Remove(copy);
        }
    }

    /// <summary>
    /// Copies a backup, from a file or the standard input, beside the database; checks it, brings it to the schema of this build and gives its event log another id, so that what
    /// was promised of the lost future is void from the instant at which it takes the database's place (<see cref="SqliteCommandDatabase.ReplaceAsync"/>, G12).
    /// </summary>
    /// <returns>How many products it has.</returns>
    /// <exception cref="CommandStoreException">It cannot be read, is damaged, or is no backup; the message says what to do.</exception>
    public static async Task<int> PrepareAsync(string source, string database)
    {
        var prepared = PreparedFor(database);
        try
        {
            Remove(prepared);
            await using (var from = source == Standard ? Console.OpenStandardInput() : File.OpenRead(source))
            await using (var to = new FileStream(prepared, FileMode.Create, FileAccess.Write))
                await from.CopyToAsync(to);
            if (IsOfLog(prepared))
                throw Failure($"{source} is a file as it stands beside a running catalog: what its log holds would be missing. Restore a copy that the verb backup, or SQLite's VACUUM INTO, has made.");
            using (var copy = Open(prepared))
            {
                if (await copy.ExecuteScalarAsync<long>("SELECT count(*) FROM sqlite_schema WHERE name IN ('log', 'products', 'events', 'receipts')") != 4)
                    throw Failure($"{source} is no backup of a catalog.");
                Migrator.Migrate(copy);
                await copy.ExecuteAsync("UPDATE log SET id = $id; UPDATE relay SET owner = NULL, expires = 0", new { id = SqliteEventLog.NewId() });
            }
            return Check(prepared);
        }
        catch (Exception e) when (IsExpected(e))
        {
            throw Explain(e, source, prepared, "Take another backup.");
        }
    }

    /// <summary>Removes what <see cref="PrepareAsync"/> made, or a copy that was not finished.</summary>
    public static void Remove(string file) => SqliteFile.Delete(file);

    /// <summary>Reads every page, index and product; returns how many products there are.</summary>
    private static int Check(string file)
    {
        using var connection = Open(file);
        if (connection.QueryFirst<string>("PRAGMA integrity_check(1)") is not "ok" and var fault) throw new InvalidDataException($"Its file is damaged: {fault.TrimEnd('.')}.");
        var products = 0;
        foreach (var body in connection.Query<byte[]>("SELECT body FROM products", buffered: false))
            if (Product.Parser.ParseFrom(body).State != Product.Types.State.Deleted) products++;
        return products;
    }

    // The format of a file that has a write-ahead log beside it (https://sqlite.org/fileformat2.html, file format version numbers).
    private static bool IsOfLog(string file)
    {
        using var header = File.OpenRead(file);
        header.Position = 18;
        return header.ReadByte() == 2;
    }

    private static SqliteConnection OpenSource(string database)
    {
        try
        {
            return Open(database);
        }
        catch (SqliteException e) when (e.SqliteErrorCode is not (SQLitePCL.raw.SQLITE_CORRUPT or SQLitePCL.raw.SQLITE_NOTADB))
        {
            throw SqliteFile.Explain(e, database);
        }
    }

    private static SqliteConnection Open(string file) => SqliteFile.Open(file, writable: false, "PRAGMA busy_timeout = 5000");

    private static bool IsExpected(Exception error) =>
        error is SqliteException or InvalidProtocolBufferException or InvalidDataException or IOException or UnauthorizedAccessException;

    private static CommandStoreException Explain(Exception error, string read, string written, string advice) => error switch
    {
        SqliteException { SqliteErrorCode: SQLitePCL.raw.SQLITE_CORRUPT or SQLitePCL.raw.SQLITE_NOTADB } or InvalidProtocolBufferException or InvalidDataException =>
            Failure($"{read} cannot be used: {error.Message.TrimEnd('.').ReplaceLineEndings(" ")}. {advice}"),
        SqliteException => SqliteFile.Explain(error, written),
        _ => Failure(error.Message),
    };

    private static CommandStoreException Failure(string message) => new(ErrorReason.StoreUnavailable, message);
}
