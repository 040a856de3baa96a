using Catalog.Commands;
using Catalog.SqlServer.Sql;
using Microsoft.Data.SqlClient;

namespace Catalog.SqlServer.Commands;

/// <summary>
/// One command by itself: load, decide, write under the condition that the product is still as it was loaded. Two round trips; one for a command that creates.
/// </summary>
internal sealed class SingleCommand(Planner planner)
{
    // Commands on one product from this process do not run at once, so these are the other replicas that were first.
    private const int MaxRounds = 50;

    /// <exception cref="SqlException">It failed, or other writers were first too often.</exception>
    public async Task<CommandOutcome> RunAsync(SqlConnection connection, ProductCommand command)
    {
        if (planner.Untried(command) is { } untried)
        {
            try
            {
                return await WriteAsync(connection, untried);
            }
            catch (SqlException e) when (e.IsConflict()) { }
        }
        for (var round = 1; ; round++)
        {
            var stored = await LoadAsync(connection, planner.Load(command));
            var step = planner.Decide(command, stored);
            try
            {
                return await WriteAsync(connection, step);
            }
            // An upsert by SKU finds it the next time.
            catch (SqlException e) when (round < MaxRounds && command.ProductId is not null && e.IsSkuTaken())
            {
                var owner = await LoadAsync(connection, planner.LoadOwner(step.Sku, command.Request));
                if (command.Request is { } request && owner.Receipt is { } receipt) return receipt.Answer(request, owner.LogId);
                // The owner may have given the SKU up by now.
                if (owner.Product is { } other) return new CommandOutcome.Refused(Refusals.SkuTaken(step.Sku, other.Id));
            }
            catch (SqlException e) when (round < MaxRounds && e.IsConflict()) { }
        }
    }

    private static async Task<Stored> LoadAsync(SqlConnection connection, Call load)
    {
        await using var command = load.On(connection);
        await using var reader = await command.ExecuteReaderAsync();
        return await Stored.ReadAsync(reader);
    }

    private static async Task<CommandOutcome> WriteAsync(SqlConnection connection, Step step)
    {
        if (step.Write is null) return step.Outcome;
        await using var command = step.Write.On(connection);
        return step.CommittedIn((string)(await command.ExecuteScalarAsync())!);
    }
}
