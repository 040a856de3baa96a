using Catalog.Commands;
using Microsoft.Data.SqlClient;

namespace Catalog.SqlServer.Commands;

/// <summary>
/// Commands on different products in one transaction: one round trip loads for all of them, one writes. Where one of them breaks a rule or meets another writer, all is
/// undone, and the caller runs them around that one.
/// </summary>
internal sealed class CommandGroup(Planner planner)
{
    /// <summary>Readers of the log stand still while a transaction is open, so it stays short.</summary>
    public const int MaxSize = 100;

    /// <summary>Cuts commands into groups, none of which names a product, SKU or request twice.</summary>
    public static IEnumerable<List<ProductCommand>> Cut(IReadOnlyList<ProductCommand> commands)
    {
        var (group, named) = (new List<ProductCommand>(), new HashSet<(string?, string, string)>());
        foreach (var command in commands)
        {
            if (group.Count == MaxSize || Names(command).Any(named.Contains))
            {
                yield return group;
                (group, named) = ([], []);
            }
            group.Add(command);
            named.UnionWith(Names(command));
        }
        if (group.Count > 0) yield return group;
    }

    /// <summary>Runs them. Where one is in the way, the result is its index, and nothing was written.</summary>
    /// <exception cref="SqlException">Nothing was written, or it is not known.</exception>
    public async Task<(CommandOutcome[]? Outcomes, int InTheWay)> RunAsync(SqlConnection connection, List<ProductCommand> commands, Func<Exception, CommandOutcome> defect)
    {
        var (steps, inTheWay) = await DecideAsync(connection, commands, defect);
        if (inTheWay >= 0) return (null, inTheWay);
        var writes = steps.ConvertAll(s => s.Write?.InGroup());
        try
        {
            var logId = writes.Exists(w => w is not null) ? await WriteAsync(connection, writes) : "";
            return (steps.Select(s => s.Write is null ? s.Outcome : s.CommittedIn(logId)).ToArray(), -1);
        }
        // A group that was the victim of a deadlock would meet the other one again in the same order.
        catch (SqlException e) when (e.IsConflict() || e.IsDeadlock())
        {
            // Where the driver does not say which one it was, halves find it.
            return (null, writes.IndexOf(e.BatchCommand) is >= 0 and var index && e.BatchCommand is not null ? index : writes.Count / 2);
        }
    }

    private async Task<(List<Step> Steps, int InTheWay)> DecideAsync(SqlConnection connection, List<ProductCommand> commands, Func<Exception, CommandOutcome> defect)
    {
        await using var batch = new SqlBatch(connection);
        foreach (var command in commands) batch.BatchCommands.Add(planner.Load(command).InBatch());
        await using var reader = await batch.ExecuteReaderAsync();
        var stored = new List<Stored>(commands.Count);
        do stored.Add(await Stored.ReadAsync(reader));
        while (await reader.NextResultAsync());
        // One that names a product by its SKU may find one that another command names by its id, and must see what becomes of it.
        var found = new HashSet<string>(StringComparer.Ordinal);
        var twice = commands.Zip(stored).ToList().FindIndex(one => (one.Second.Product?.Id ?? one.First.ProductId) is { } id && !found.Add(id));
        return twice < 0 ? (commands.Zip(stored, Decide).ToList(), -1) : ([], twice);

        Step Decide(ProductCommand command, Stored now)
        {
            if (command.Cancellation.IsCancellationRequested) return new Step(new CommandOutcome.Cancelled());
            try
            {
                return planner.Decide(command, now);
            }
            catch (DefectException e)
            {
                return new Step(defect(e));
            }
        }
    }

    private static async Task<string> WriteAsync(SqlConnection connection, List<SqlBatchCommand?> writes)
    {
        await using var transaction = (SqlTransaction)await connection.BeginTransactionAsync();
        await using var batch = new SqlBatch(connection, transaction);
        foreach (var write in writes.OfType<SqlBatchCommand>()) batch.BatchCommands.Add(write);
        var logId = "";
        await using (var reader = await batch.ExecuteReaderAsync())
        {
            do
                while (await reader.ReadAsync()) logId = reader.GetString(0);
            while (await reader.NextResultAsync());
        }
        await transaction.CommitAsync();
        return logId;
    }

    private static IEnumerable<(string?, string, string)> Names(ProductCommand command)
    {
        if (command.ProductId is { } id) yield return (null, "id", id);
        if (command.Sku is { } sku) yield return (null, "sku", sku);
        if (command.Request is { } request) yield return (request.Caller, "request", request.Id);
    }
}
