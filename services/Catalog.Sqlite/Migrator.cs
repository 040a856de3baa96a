using System.Globalization;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Catalog.Sqlite;

/// <summary>Brings the command database to the schema of this build by the numbered scripts in <c>Migrations</c>; <c>PRAGMA user_version</c> counts those applied.</summary>
internal static class Migrator
{
    /// <summary>Applies what is missing, in one transaction. Safe when two processes do so at once.</summary>
    /// <exception cref="InvalidDataException">The file was written by a newer build.</exception>
    public static void Migrate(SqliteConnection connection)
    {
        var scripts = Scripts();
        // Who finds everything done needs no lock, which another process may hold, even one that hangs.
        if (connection.ExecuteScalar<int>("PRAGMA user_version") == scripts.Count) return;
        using var transaction = connection.BeginTransaction(deferred: false);
        var applied = connection.ExecuteScalar<int>("PRAGMA user_version", transaction: transaction);
        if (applied > scripts.Count)
            throw new InvalidDataException($"{connection.DataSource} has schema {applied}, and this build knows schemas up to {scripts.Count}. Run the newer build that wrote it.");
        foreach (var script in scripts.Skip(applied)) connection.Execute(script, transaction: transaction);
        connection.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {scripts.Count}"), transaction: transaction);
        transaction.Commit();
    }

    private static List<string> Scripts()
    {
        var assembly = typeof(Migrator).Assembly;
        return assembly.GetManifestResourceNames().Where(n => n.EndsWith(".sql", StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(name =>
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            return reader.ReadToEnd();
        }).ToList();
    }
}
