using Catalog.Commands;
using Microsoft.Data.SqlClient;

namespace Catalog.SqlServer.Commands;

/// <summary>
/// Commands on different products in one transaction: one round trip loads for all of them, one writes. Where any of them meets another writer, all is undone, and the
/// caller runs them in smaller groups.
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

    /// <exception cref="SqlException">Nothing was written, or it is not known.</exception>
    public async Task<CommandOutcome[]> RunAsync(SqlConnection connection, List<ProductCommand> commands, Func<Exception, CommandOutcome> defect)
    {
        var steps = await DecideAsync(connection, commands, defect);
        var logId = steps.Exists(s => s.Write is not null) ? await WriteAsync(connection, steps) : null;
        return steps.Select(s => s.Write is null ? s.Outcome : s.CommittedIn(logId!)).ToArray();
    }

    private async Task<List<Step>> DecideAsync(SqlConnection connection, List<ProductCommand> commands, Func<Exception, CommandOutcome> defect)
    {
        await using var batch = new SqlBatch(connection);
        foreach (var command in commands) batch.BatchCommands.Add(planner.Load(command).InBatch());
        await using var reader = await batch.ExecuteReaderAsync();
        var stored = new List<Stored>(commands.Count);
        do stored.Add(await Stored.ReadAsync(reader));
        while (await reader.NextResultAsync());
        return commands.Zip(stored, Decide).ToList();

        Step Decide(ProductCommand command, Stored found)
        {
            if (command.Cancellation.IsCancellationRequested) return new Step(new CommandOutcome.Cancelled());
            try
            {
                return planner.Decide(command, found);
            }
            catch (Exception e)
            {
                return new Step(defect(e));
            }
        }
    }

    private static async Task<string> WriteAsync(SqlConnection connection, List<Step> steps)
    {
        await using var transaction = (SqlTransaction)await connection.BeginTransactionAsync();
        await using var batch = new SqlBatch(connection, transaction);
        foreach (var step in steps)
            if (step.Write is { } write) batch.BatchCommands.Add(write.InBatch());
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
