using Catalog.Commands;
using Catalog.SqlServer.Log;
using Catalog.V1;
using Microsoft.Extensions.Logging;

namespace Catalog.SqlServer.Commands;

/// <summary>The command database on SQL Server: short optimistic transactions, tried again where another writer or the server gets in the way.</summary>
/// <remarks>Every attempt looks the receipt up first, so an attempt whose commit got no answer is found out about, and never repeated.</remarks>
internal sealed partial class SqlServerCommandStore : ICommandStore, IDisposable
{
    private readonly SqlServerDatabase _database;
    private readonly LogTail _tail;
    private readonly CommandMetrics _metrics;
    private readonly ILogger _log;
    private readonly Retries _retries;
    private readonly SingleCommand _single;
    private readonly CommandGroup _group;
    private readonly Admission _admission;
    private readonly KeyedLocks _products = new();
    private readonly SemaphoreSlim _running;
    // A group holds up to a hundred products in memory, however small its commands are (G10).
    private readonly SemaphoreSlim _groups = new(4);
    private readonly Lock _importing = new();
    private Task _imports = Task.CompletedTask;

    public SqlServerCommandStore(SqlServerDatabase database, LogTail tail, TimeProvider time, CommandMetrics metrics, ILogger<SqlServerCommandStore> log)
    {
        (_database, _tail, _metrics, _log) = (database, tail, metrics, log);
        var planner = new Planner(database, time);
        _retries = new Retries(database, time, log);
        _single = new SingleCommand(planner);
        _group = new CommandGroup(planner);
        _admission = new Admission(database.Options.MaxWaiting);
        _running = new SemaphoreSlim(database.Options.MaxConcurrency);
    }

    public async Task<CommandOutcome> ExecuteAsync(ProductCommand command)
    {
        ProductCommand[] alone = [command];
        if (!_admission.TryEnter(alone)) return Overloaded();
        try
        {
            return await RunAsync(command);
        }
        finally
        {
            _admission.Leave(alone);
        }
    }

    // Not async, so that a refusal for overload is there when the call returns.
    public Task<IReadOnlyList<CommandOutcome>> ExecuteAllAsync(IReadOnlyList<ProductCommand> commands)
    {
        if (commands.Count == 0) return Task.FromResult<IReadOnlyList<CommandOutcome>>([]);
        if (!_admission.TryEnter(commands)) return Task.FromResult<IReadOnlyList<CommandOutcome>>(commands.Select(_ => (CommandOutcome)Overloaded()).ToList());
        if (commands.Any(c => c.Request is not null)) return RunAllAsync(commands, after: Task.CompletedTask);
        // An import hands over its next rows before these are done. They must not overtake, as they may be about the same products: one after another, in the order of the calls.
        lock (_importing)
        {
            var run = RunAllAsync(commands, _imports);
            _imports = run;
            return run;
        }
    }

    public void Dispose()
    {
        _running.Dispose();
        _groups.Dispose();
        _products.Dispose();
    }

    private async Task<IReadOnlyList<CommandOutcome>> RunAllAsync(IReadOnlyList<ProductCommand> commands, Task after)
    {
        try
        {
            await after.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
            var outcomes = new List<CommandOutcome>(commands.Count);
            foreach (var group in CommandGroup.Cut(commands))
            {
                // Where the database is away, the rest would only wait for the same answer, and others behind it.
                if (outcomes is [.., CommandOutcome.Failed { Error.InnerException: { } cause } away] && cause.IsTransient()) outcomes.AddRange(group.Select(_ => away));
                else outcomes.AddRange(await RunGroupAsync(group));
            }
            return outcomes;
        }
        finally
        {
            _admission.Leave(commands);
        }
    }

    private async Task<CommandOutcome[]> RunGroupAsync(List<ProductCommand> group)
    {
        if (group is []) return [];
        if (group is [var only]) return [await RunAsync(only)];
        try
        {
            await _groups.WaitAsync();
            var (outcomes, inTheWay) = await ReleasingAsync(_groups, RunAtOnceAsync(group));
            if (outcomes is not null) return Count(outcomes);
            return [.. await RunGroupAsync(group[..inTheWay]), await RunAsync(group[inTheWay]), .. await RunGroupAsync(group[(inTheWay + 1)..])];
        }
        catch (Exception e)
        {
            return Count(group.Select(_ => Failed(e)).ToArray());
        }
    }

    private async Task<(CommandOutcome[]? Outcomes, int InTheWay)> RunAtOnceAsync(List<ProductCommand> group)
    {
        await _running.WaitAsync();
        return await ReleasingAsync(_running, _retries.RunAsync(connection => _group.RunAsync(connection, group, Failed), CancellationToken.None));
    }

    private async Task<CommandOutcome> RunAsync(ProductCommand command) => Count([await RunAloneAsync(command)])[0];

    private async Task<CommandOutcome> RunAloneAsync(ProductCommand command)
    {
        try
        {
            // Of the commands on one product only one takes a connection: the others would only find that it was first.
            using var product = await _products.EnterAsync(command.ProductId ?? command.Sku!, command.Cancellation);
            await _running.WaitAsync(command.Cancellation);
            return await ReleasingAsync(_running, _retries.RunAsync(connection => _single.RunAsync(connection, command), command.Cancellation));
        }
        catch (OperationCanceledException) when (command.Cancellation.IsCancellationRequested)
        {
            return new CommandOutcome.Cancelled();
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    // Gives the place back that was waited for.
    private static async Task<T> ReleasingAsync<T>(SemaphoreSlim place, Task<T> run)
    {
        try
        {
            return await run;
        }
        finally
        {
            place.Release();
        }
    }

    private CommandOutcome[] Count(CommandOutcome[] outcomes)
    {
        foreach (var outcome in outcomes) _metrics.Count(outcome);
        if (outcomes.Any(o => o is CommandOutcome.Committed)) _metrics.CountGroup(outcomes.Length);
        if (outcomes.Any(o => o is CommandOutcome.Committed { Changed: true })) _tail.Advance();
        return outcomes;
    }

    private CommandOutcome Failed(Exception error)
    {
        CommandFailed(_log, error);
        return new CommandOutcome.Failed(_database.Failed(error));
    }

    private static CommandOutcome.Failed Overloaded() =>
        new(new CommandStoreException(ErrorReason.Overloaded, "More commands wait than the service takes on. Nothing was begun; repeat the command a little later."));

    [LoggerMessage(1, LogLevel.Error, "A command failed")]
    private static partial void CommandFailed(ILogger logger, Exception error);
}
