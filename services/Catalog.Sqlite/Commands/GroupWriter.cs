using Catalog.Commands;
using Catalog.Sqlite.Sql;
using Catalog.V1;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Catalog.Sqlite;

/// <summary>
/// The one writer of the command database: a thread that takes whatever waits, runs it in one transaction, and answers after the one sync that commits it (group commit). The
/// busier it is, the larger the groups, and the less a command costs.
/// </summary>
/// <remarks>Where a group fails, each of its commands is run again in a transaction of its own, so that one never harms its neighbours.</remarks>
internal sealed partial class GroupWriter : IDisposable
{
    private const int AnsweredTogether = 16;

    private readonly SqliteConnection _connection;
    private readonly CommandStatements _statements;
    private readonly WriteAheadLog _ahead;
    private readonly CommandDatabaseOptions _options;
    private readonly CommandMetrics _metrics;
    private readonly ILogger _log;
    private readonly Action<long> _committed;
    private readonly Queue<Work> _waiting = new();
    private readonly Thread _thread;
    private long _waitingBytes;
    private bool _stopping;

    /// <param name="connection">The writer's connection.</param>
    /// <param name="statements">Its statements.</param>
    /// <param name="ahead">Its write-ahead log.</param>
    /// <param name="options">The bounds.</param>
    /// <param name="committed">Told the position of the newest event after each commit that made one.</param>
    /// <param name="metrics">Counts groups and outcomes.</param>
    /// <param name="log">The log.</param>
    public GroupWriter(
        SqliteConnection connection, CommandStatements statements, WriteAheadLog ahead, CommandDatabaseOptions options, Action<long> committed, CommandMetrics metrics,
        ILogger log)
    {
        (_connection, _statements, _ahead, _options, _committed, _metrics, _log) = (connection, statements, ahead, options, committed, metrics, log);
        _thread = new Thread(Run) { IsBackground = true, Name = "command writer" };
        _thread.Start();
    }

    /// <summary>Queues commands, all of them or, if they are more or larger than may wait, none.</summary>
    public bool TryEnqueue(ReadOnlySpan<CommandWork> work)
    {
        lock (_waiting)
        {
            ObjectDisposedException.ThrowIf(_stopping, this);
            var bytes = 0L;
            foreach (var item in work) bytes += item.Command.Size;
            // A batch larger than the bound is taken when nothing else waits, or it never could be.
            if (_waiting.Count > 0 && (_waiting.Count + work.Length > _options.MaxWaiting || _waitingBytes + bytes > ICommandStore.MaxWaitingBytes)) return false;
            foreach (var item in work) _waiting.Enqueue(item);
            _waitingBytes += bytes;
            Monitor.Pulse(_waiting);
            return true;
        }
    }

    /// <summary>Queues a chore. Those are few, and the service depends on them, so that there is always room for one.</summary>
    public void Enqueue(Chore chore)
    {
        lock (_waiting)
        {
            ObjectDisposedException.ThrowIf(_stopping, this);
            _waiting.Enqueue(chore);
            Monitor.Pulse(_waiting);
        }
    }

    /// <summary>Finishes what waits and ends.</summary>
    public void Dispose()
    {
        lock (_waiting)
        {
            _stopping = true;
            Monitor.Pulse(_waiting);
        }
        _thread.Join();
        _statements.Dispose();
        _connection.Dispose();
    }

    private void Run()
    {
        var group = new List<Work>(_options.MaxGroup);
        while (Take(group))
        {
            if (group is [Chore chore]) RunChore(chore);
            else RunGroup(group);
            group.Clear();
            if (_ahead.IsLong) EmptyLog();
        }
    }

    private bool Take(List<Work> group)
    {
        lock (_waiting)
        {
            while (_waiting.Count == 0)
            {
                if (_stopping) return false;
                Monitor.Wait(_waiting);
            }
            while (group.Count < _options.MaxGroup && _waiting.TryPeek(out var next))
            {
                // A chore runs in a transaction of its own.
                if (next is Chore && group.Count > 0) break;
                group.Add(_waiting.Dequeue());
                if (next is Chore) break;
                _waitingBytes -= ((CommandWork)next).Command.Size;
            }
            return true;
        }
    }

    private void RunGroup(List<Work> group)
    {
        var outcomes = new CommandOutcome[group.Count];
        try
        {
            Transact(group, outcomes);
        }
        catch (SqliteFault e) when (e.IsBusy)
        {
            // Another process holds the file, and would hold it for each of them.
            Array.Fill(outcomes, Failed(e));
        }
        catch (Exception e) when (group.Count > 1)
        {
            GroupFailed(_log, e, group.Count);
            for (var i = 0; i < group.Count; i++) outcomes[i] = RunAlone(group[i]);
        }
        catch (Exception e)
        {
            outcomes[0] = Failed(e);
        }
        // A few callers share one work item: to wake a thread costs more than to answer a call.
        for (var start = 0; start < group.Count; start += AnsweredTogether)
            ThreadPool.UnsafeQueueUserWorkItem(Answer, (_metrics, group.GetRange(start, Math.Min(AnsweredTogether, group.Count - start)), outcomes.AsMemory(start)), preferLocal: false);
    }

    private static void Answer((CommandMetrics Metrics, List<Work> Group, Memory<CommandOutcome> Outcomes) answers)
    {
        for (var i = 0; i < answers.Group.Count; i++)
        {
            var outcome = answers.Outcomes.Span[i];
            answers.Metrics.Count(outcome);
            ((CommandWork)answers.Group[i]).Done.SetResult(outcome);
        }
    }

    private CommandOutcome RunAlone(Work work)
    {
        try
        {
            var outcome = new CommandOutcome[1];
            Transact([work], outcome);
            return outcome[0];
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    private void Transact(List<Work> group, CommandOutcome[] outcomes)
    {
        try
        {
            var position = 0L;
            var written = false;
            _statements.Begin();
            for (var i = 0; i < group.Count; i++)
            {
                outcomes[i] = _statements.Execute(((CommandWork)group[i]).Command, ref position);
                written |= outcomes[i] is CommandOutcome.Committed;
            }
            _statements.Commit();
            if (written) _metrics.CountGroup(group.Count);
            if (position > 0) _committed(position);
        }
        catch
        {
            RollBack();
            throw;
        }
    }

    private void RunChore(Chore chore)
    {
        try
        {
            if (chore.InTransaction) _statements.Begin();
            chore.Run(_connection);
            if (chore.InTransaction) _statements.Commit();
            chore.Committed?.Invoke();
            chore.Done.SetResult();
        }
        catch (Exception e)
        {
            RollBack();
            chore.Done.SetException(e);
        }
    }

    private void EmptyLog()
    {
        try
        {
            _ahead.Empty();
        }
        catch (SqliteFault e)
        {
            // Nothing is lost, and the commands say it too if it stays.
            LogStaysLong(_log, e);
        }
    }

    private void RollBack()
    {
        // Some failures, such as a full disk, have rolled back already.
        if (!_statements.IsIdle) _statements.RollBack();
    }

    private CommandOutcome.Failed Failed(Exception error)
    {
        CommandFailed(_log, error);
        return new CommandOutcome.Failed(SqliteFile.Explain(error, _connection.DataSource));
    }

    /// <summary>Something for the writer to do.</summary>
    internal abstract class Work;

    /// <summary>A command.</summary>
    internal sealed class CommandWork(ProductCommand command) : Work
    {
        public ProductCommand Command { get; } = command;

        // Completed on a thread of the pool, never on the writer's.
        public TaskCompletionSource<CommandOutcome> Done { get; } = new();
    }

    /// <summary>A short piece of housekeeping, in a transaction of its own unless it makes one itself.</summary>
    internal sealed class Chore(Action<SqliteConnection> run, Action? committed, bool inTransaction = true) : Work
    {
        public bool InTransaction { get; } = inTransaction;

        public Action<SqliteConnection> Run { get; } = run;

        /// <summary>Called before the next command begins.</summary>
        public Action? Committed { get; } = committed;

        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    [LoggerMessage(1, LogLevel.Warning, "A group of {Size} commands failed; each is run again by itself")]
    private static partial void GroupFailed(ILogger logger, Exception error, int size);

    [LoggerMessage(2, LogLevel.Error, "A command failed")]
    private static partial void CommandFailed(ILogger logger, Exception error);

    [LoggerMessage(3, LogLevel.Warning, "The write-ahead log of the command database could not be emptied; it is tried again when it has grown further")]
    private static partial void LogStaysLong(ILogger logger, Exception error);
}
