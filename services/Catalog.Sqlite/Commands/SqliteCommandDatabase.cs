using Catalog.Commands;
using Catalog.Sqlite.Sql;
using Catalog.V1;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Catalog.Sqlite;

/// <summary>The command database in one SQLite file: state, event log and receipts.</summary>
/// <remarks>WAL, and synchronous=FULL: an answer leaves after its commit is on disk (G1).</remarks>
public sealed class SqliteCommandDatabase : ICommandStore, IDisposable
{
    private readonly GroupWriter _writer;

    private SqliteCommandDatabase(CommandDatabaseOptions options, SqliteConnection connection, TimeProvider time, CommandMetrics metrics, ILogger log)
    {
        Options = options;
        Log = new SqliteEventLog(options, RunAsync);
        var raw = new Connection(connection.Handle!);
        _writer = new GroupWriter(connection, new CommandStatements(raw, time), new WriteAheadLog(raw, options.Path, step: 64 << 20), options, Log.Advance, metrics, log);
    }

    /// <summary>Opens the file, makes it if it is missing, and brings it to the schema of this build.</summary>
    /// <exception cref="CommandStoreException">It cannot be opened; the message says what to do.</exception>
    public static SqliteCommandDatabase Open(CommandDatabaseOptions options, TimeProvider time, CommandMetrics metrics, ILogger<SqliteCommandDatabase> log)
    {
        try
        {
            var connection = SqliteFile.Open(options.Path, writable: true,
                "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864");
            try
            {
                Migrator.Migrate(connection);
                return new SqliteCommandDatabase(options, connection, time, metrics, log);
            }
            catch
            {
                connection.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is SqliteException or SqliteFault)
        {
            throw SqliteFile.Explain(e, options.Path);
        }
        catch (InvalidDataException e)
        {
            throw new CommandStoreException(ErrorReason.StoreUnavailable, e.Message, e);
        }
    }

    /// <summary>The event log in the same file.</summary>
    public SqliteEventLog Log { get; }

    internal CommandDatabaseOptions Options { get; }

    /// <inheritdoc />
    public Task<CommandOutcome> ExecuteAsync(ProductCommand command)
    {
        var work = new GroupWriter.CommandWork(command);
        return _writer.TryEnqueue([work]) ? work.Done.Task : Task.FromResult<CommandOutcome>(Overloaded());
    }

    /// <inheritdoc />
    public async Task<IReadOnlyList<CommandOutcome>> ExecuteAllAsync(IReadOnlyList<ProductCommand> commands)
    {
        var work = commands.Select(c => new GroupWriter.CommandWork(c)).ToArray();
        if (!_writer.TryEnqueue(work)) return commands.Select(_ => (CommandOutcome)Overloaded()).ToList();
        return await Task.WhenAll(work.Select(w => w.Done.Task));
    }

    /// <summary>Runs housekeeping on the writer, between commands and in a transaction of its own. Keep it short: commands wait.</summary>
    /// <exception cref="CommandStoreException">It failed, and nothing was done; the message says what to do.</exception>
    internal Task RunAsync(Action<SqliteConnection> run, Action? committed = null) => RunAsync(new GroupWriter.Chore(run, committed));

    /// <summary>
    /// Puts what <see cref="SqliteBackup.PrepareAsync"/> made ready in the place of everything in this database, at one instant and in one durable transaction. Whoever reads or
    /// writes meanwhile, also in another process, sees the one or the other.
    /// </summary>
    /// <exception cref="CommandStoreException">It cannot be done, and nothing was; the message says what to do.</exception>
    public Task ReplaceAsync() => RunAsync(new GroupWriter.Chore(Replace, Log.Replaced, inTransaction: false));

    private async Task RunAsync(GroupWriter.Chore chore)
    {
        _writer.Enqueue(chore);
        try
        {
            await chore.Done.Task;
        }
        catch (Exception e) when (e is SqliteException or SqliteFault)
        {
            throw SqliteFile.Explain(e, Options.Path);
        }
    }

    private void Replace(SqliteConnection connection)
    {
        using var prepared = SqliteFile.Open(SqliteBackup.PreparedFor(Options.Path), writable: false, "PRAGMA busy_timeout = 5000");
        // Higher than any that a relay has or takes meanwhile, so that none goes on from where it was in the lost future.
        if (Options.Shared) prepared.Execute("UPDATE relay SET epoch = max(epoch, $epoch) + 2", new { epoch = connection.ExecuteScalar<long>("SELECT epoch FROM relay") });
        prepared.BackupDatabase(connection);
    }

    /// <summary>Finishes the commands that wait and closes the file.</summary>
    public void Dispose()
    {
        _writer.Dispose();
        Log.Dispose();
    }

    private static CommandOutcome.Failed Overloaded() =>
        new(new CommandStoreException(ErrorReason.Overloaded, "More commands wait than the service takes on. Nothing was begun; repeat the command a little later."));
}
