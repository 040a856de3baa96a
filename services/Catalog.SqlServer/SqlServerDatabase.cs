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
    private readonly TimeSpan _openLimit;
    private readonly ILogger _log;

    internal SqlServerDatabase(SqlServerOptions options, ILogger<SqlServerDatabase> log)
    {
        _log = log;
        Options = options;
        Statements = new Statements(options.Schema);
        _connection = options.Connection();
        _connectionString = _connection.ToString();
        _openLimit = _connection.ConnectTimeout == 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(_connection.ConnectTimeout + 5);
        StepLimit = _connection.CommandTimeout == 0 || _connection.ConnectTimeout == 0
            ? Timeout.InfiniteTimeSpan
            : TimeSpan.FromSeconds((2 * _connection.CommandTimeout) + (2 * _connection.ConnectTimeout) + 5);
    }

    internal SqlServerOptions Options { get; }

    internal Statements Statements { get; }

    /// <summary>Longer than any attempt at commands takes whose every answer comes just in time: a read, a begin, a write and a commit.</summary>
    internal TimeSpan StepLimit { get; }

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
        // Where it finds a connection broken it connects on the thread of the caller.
        var opening = Task.Run(() => connection.OpenAsync(cancellation), CancellationToken.None);
        try
        {
            await opening.WaitAsync(_openLimit, CancellationToken.None);
            return connection;
        }
        catch (TimeoutException e) when (!opening.IsCompleted)
        {
            // The driver has no limit of its own for the handshake of TLS, and all who wait for its pool wait behind it (https://github.com/dotnet/SqlClient/issues/1298).
            Leave();
            Abandon(opening, connection);
            throw new TimeoutException($"No connection was made within {_openLimit.TotalSeconds:0} s.", e);
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

    /// <summary>From now on connections are made anew, as to another server behind the name.</summary>
    internal void Leave()
    {
        using var any = new SqlConnection(_connectionString);
        SqlConnection.ClearPool(any);
    }

    /// <summary>Leaves a connection to whatever it is stuck in.</summary>
    internal static void Abandon(Task stuck, SqlConnection connection) =>
        _ = stuck.ContinueWith(ended => (ended.Exception, connection.DisposeAsync()), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);

    /// <summary>Runs something on a connection of its own.</summary>
    /// <exception cref="CommandStoreException">It failed; the message says what to do.</exception>
    internal async Task<T> RunAsync<T>(Func<SqlConnection, Task<T>> run, CancellationToken cancellation)
    {
        try
        {
            await using var connection = await OpenAsync(cancellation);
            return await run(connection);
        }
        catch (Exception e) when (e is SqlException or OperationCanceledException && cancellation.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellation);
        }
        catch (Exception e) when (e is SqlException || e.IsTransient())
        {
            if (e.IsOnCopy()) Leave();
            throw Failed(e);
        }
    }

    internal CommandStoreException Failed(Exception error) => new(ErrorReason.StoreUnavailable, SqlServerFault.Explain(error, _connection), error);

    [LoggerMessage(1, LogLevel.Warning, "The command database is not reached: {Reason}")]
    private static partial void NotReached(ILogger logger, string reason);

    [LoggerMessage(2, LogLevel.Warning, "The command database has schema {Applied}, and this build needs {Needed}. Run the verb \"migrate\"")]
    private static partial void NotMigrated(ILogger logger, int applied, int needed);
}
