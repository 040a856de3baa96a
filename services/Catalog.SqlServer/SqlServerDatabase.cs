using Catalog.Commands;
using Catalog.SqlServer.Sql;
using Catalog.V1;
using Dapper;
using Microsoft.Data.SqlClient;
using Microsoft.Extensions.Logging;

namespace Catalog.SqlServer;

/// <summary>The command database on SQL Server: how its connections are opened, and what its failures become.</summary>
public sealed partial class SqlServerDatabase
{
    private readonly SqlConnectionStringBuilder _connection;
    private readonly string _connectionString;
    private readonly ILogger _log;

    internal SqlServerDatabase(SqlServerOptions options, ILogger<SqlServerDatabase> log)
    {
        _log = log;
        Options = options;
        Statements = new Statements(options.Schema);
        _connection = options.Connection();
        _connectionString = _connection.ToString();
    }

    internal SqlServerOptions Options { get; }

    internal Statements Statements { get; }

    /// <summary>Whether the database can be reached, and has the schema of this build or of a newer one.</summary>
    public async ValueTask<bool> IsReachedAsync(CancellationToken cancellation)
    {
        try
        {
            var applied = await RunAsync(async connection => await connection.ExecuteScalarAsync<int?>(new CommandDefinition(Statements.FindMigrations, cancellationToken: cancellation)) is null
                ? 0
                : await connection.ExecuteScalarAsync<int>(new CommandDefinition(Statements.ReadMigrations, cancellationToken: cancellation)), cancellation);
            if (applied >= SqlServerMigrator.Newest) return true;
            NotMigrated(_log, applied, SqlServerMigrator.Newest);
        }
        catch (CommandStoreException e)
        {
            NotReached(_log, e.Message);
        }
        return false;
    }

    internal async Task<SqlConnection> OpenAsync(CancellationToken cancellation)
    {
        var connection = new SqlConnection(_connectionString);
        try
        {
            await connection.OpenAsync(cancellation);
            return connection;
        }
        catch (SqlException) when (cancellation.IsCancellationRequested)
        {
            // The driver reports a cancellation as an error of its own.
            await connection.DisposeAsync();
            throw new OperationCanceledException(cancellation);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs something on a connection of its own.</summary>
    /// <exception cref="CommandStoreException">It failed; the message says what to do.</exception>
    internal async Task<T> RunAsync<T>(Func<SqlConnection, Task<T>> run, CancellationToken cancellation)
    {
        try
        {
            await using var connection = await OpenAsync(cancellation);
            return await run(connection);
        }
        catch (SqlException) when (cancellation.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellation);
        }
        catch (Exception e) when (e is SqlException || e.IsTransient())
        {
            throw Failed(e);
        }
    }

    internal CommandStoreException Failed(Exception error) => new(ErrorReason.StoreUnavailable, SqlServerFault.Explain(error, _connection), error);

    [LoggerMessage(1, LogLevel.Warning, "The command database is not reached: {Reason}")]
    private static partial void NotReached(ILogger logger, string reason);

    [LoggerMessage(2, LogLevel.Warning, "The command database has schema {Applied}, and this build needs {Needed}. Run the verb \"migrate\"")]
    private static partial void NotMigrated(ILogger logger, int applied, int needed);
}
