using Catalog.Commands;
using Catalog.SqlServer.Sql;
using Catalog.V1;
using Dapper;
using Microsoft.Data.SqlClient;

namespace Catalog.SqlServer;

/// <summary>The command database on SQL Server: how its connections are opened, and what its failures become.</summary>
public sealed class SqlServerDatabase
{
    private readonly SqlConnectionStringBuilder _connection;
    private readonly string _connectionString;

    internal SqlServerDatabase(SqlServerOptions options)
    {
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
            await using var connection = await OpenAsync(cancellation);
            return await connection.ExecuteScalarAsync<int?>(new CommandDefinition(Statements.FindMigrations, cancellationToken: cancellation)) is not null
                && await connection.ExecuteScalarAsync<int>(new CommandDefinition(Statements.ReadMigrations, cancellationToken: cancellation)) >= SqlServerMigrator.Newest;
        }
        catch (SqlException) { return false; }
        catch (InvalidOperationException) { return false; }
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
}
