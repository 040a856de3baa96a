using Catalog.Commands;
using Catalog.SqlServer.Sql;
using Catalog.V1;
using Dapper;
using Microsoft.Data.SqlClient;

namespace Catalog.SqlServer;

/// <summary>Brings the command database to the schema of this build by the numbered scripts in <c>Migrations</c>; the table <c>migrations</c> names those applied.</summary>
/// <param name="database">The command database.</param>
public sealed class SqlServerMigrator(SqlServerDatabase database)
{
    private readonly Statements _sql = database.Statements;

    /// <summary>The schema of this build.</summary>
    internal static int Newest => ReadScripts().Count;

    /// <summary>Applies what is missing, all of it or nothing. Safe when two processes do so at once.</summary>
    /// <returns>How many scripts were applied.</returns>
    /// <exception cref="CommandStoreException">It failed, or the database has the schema of a newer build; the message says what to do.</exception>
    public Task<int> MigrateAsync(CancellationToken cancellation) => database.RunAsync(async connection =>
    {
        await using var transaction = (SqlTransaction)await connection.BeginTransactionAsync(cancellation);
        var applied = await MigrateAsync(new Session(connection, transaction, cancellation));
        await transaction.CommitAsync(cancellation);
        return applied;
    }, cancellation);

    /// <summary>The scripts in their order, each one batch. Their variable is written as sqlcmd writes it, so that they can be run by hand too.</summary>
    internal static List<string> Scripts(string schema) => ReadScripts().ConvertAll(script => script.Replace("$(schema)", schema, StringComparison.Ordinal));

    private async Task<int> MigrateAsync(Session session)
    {
        // Owned by the transaction, so it ends with it whatever happens.
        if (await session.QueryAsync<int>(_sql.LockMigrations, new { resource = Text($"catalog migrations of {Schema}") }) < 0)
            throw new CommandStoreException(ErrorReason.StoreUnavailable, "Another process has been migrating the command database for more than a minute. Run \"migrate\" again when it is done.");
        if (await session.QueryAsync<int?>(_sql.FindSchema, new { schema = Text(Schema) }) is null) await session.ExecuteAsync(_sql.CreateSchema);
        if (await session.QueryAsync<int?>(_sql.FindMigrations) is null) await session.ExecuteAsync(_sql.CreateMigrations);

        var scripts = Scripts(Schema);
        var applied = await session.QueryAsync<int>(_sql.ReadMigrations);
        if (applied > scripts.Count)
            throw new CommandStoreException(ErrorReason.StoreUnavailable,
                $"The command database has schema {applied}, and this build knows schemas up to {scripts.Count}. Run the newer build that migrated it.");
        for (var version = applied + 1; version <= scripts.Count; version++)
        {
            await session.ExecuteAsync(scripts[version - 1]);
            await session.ExecuteAsync(_sql.AddMigration, new { version });
        }
        return scripts.Count - applied;
    }

    private string Schema => database.Options.Schema;

    private static DbString Text(string value) => new() { Value = value, Length = 256 };

    private static List<string> ReadScripts()
    {
        var assembly = typeof(SqlServerMigrator).Assembly;
        return assembly.GetManifestResourceNames().Where(n => n.EndsWith(".sql", StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(name =>
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            return reader.ReadToEnd();
        }).ToList();
    }

    private readonly record struct Session(SqlConnection Connection, SqlTransaction Transaction, CancellationToken Cancellation)
    {
        private const int Seconds = 600;

        public Task<T?> QueryAsync<T>(string sql, object? parameters = null) =>
            Connection.ExecuteScalarAsync<T>(new CommandDefinition(sql, parameters, Transaction, Seconds, cancellationToken: Cancellation));

        public Task ExecuteAsync(string sql, object? parameters = null) =>
            Connection.ExecuteAsync(new CommandDefinition(sql, parameters, Transaction, Seconds, cancellationToken: Cancellation));
    }
}
