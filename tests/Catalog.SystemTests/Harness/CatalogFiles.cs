using Microsoft.Data.Sqlite;

namespace Catalog.SystemTests;

/// <summary>What a fault, a backup or a careless hand does to the files in a data folder.</summary>
internal static class CatalogFiles
{
    public static string Database(this TempFolder folder) => folder.File("catalog.db");

    public static string Index(this TempFolder folder) => folder.File("index");

    /// <summary>Runs SQL on the command database of a catalog that is stopped.</summary>
    public static int Change(this TempFolder folder, string sql, params (string Name, object Value)[] parameters)
    {
        using var connection = Open(folder);
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters) command.Parameters.AddWithValue(name, value);
        return command.ExecuteNonQuery();
    }

    /// <summary>Reads one value.</summary>
    public static T Read<T>(this TempFolder folder, string sql)
    {
        using var connection = Open(folder);
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (T)command.ExecuteScalar()!;
    }

    /// <summary>Copies the command database as a backup does.</summary>
    public static void BackUp(this TempFolder folder, string to)
    {
        using var connection = Open(folder);
        using var copy = new SqliteConnection($"Data Source={to};Pooling=False");
        copy.Open();
        connection.BackupDatabase(copy);
    }

    /// <summary>Puts a backup in the place of the command database.</summary>
    public static void Restore(this TempFolder folder, string from)
    {
        foreach (var companion in new[] { "-wal", "-shm" }) File.Delete(folder.Database() + companion);
        File.Copy(from, folder.Database(), overwrite: true);
    }

    /// <summary>Writes nonsense over the index files, header and all, as they lie there.</summary>
    public static void DamageIndex(this TempFolder folder) => folder.ChangeIndex(file =>
    {
        var nonsense = new byte[file.Length];
        Random.Shared.NextBytes(nonsense);
        file.Write(nonsense);
    });

    /// <summary>Leaves nothing in the index files.</summary>
    public static void EmptyIndex(this TempFolder folder) => folder.ChangeIndex(file => file.SetLength(0));

    // Not the -shm file: who shortens a file that is mapped into memory ends the process that has it, whatever that process does.
    private static void ChangeIndex(this TempFolder folder, Action<FileStream> change)
    {
        foreach (var path in Directory.GetFiles(folder.Index(), "products-*").Where(p => !p.EndsWith("-shm", StringComparison.Ordinal)))
        {
            try
            {
                using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
                change(file);
            }
            catch (FileNotFoundException)
            {
                // Who uses it noticed what became of the one before, and put both aside.
            }
        }
    }

    private static SqliteConnection Open(TempFolder folder)
    {
        var connection = new SqliteConnection($"Data Source={folder.Database()};Pooling=False");
        connection.Open();
        return connection;
    }
}
