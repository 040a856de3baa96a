using Catalog.Commands;
using Catalog.Projections;
using Catalog.Queries;
using Catalog.Sqlite;

namespace Catalog.Standalone;

/// <summary>What the verbs of the command line ask of the running process, on a socket in the data folder and nowhere else.</summary>
internal static class AdminEndpoints
{
    private const int MostReasons = 20;

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    public static void MapAdmin(this WebApplication app)
    {
        // A connection of the socket has no address.
        var admin = app.MapGroup("/admin").AddEndpointFilter(async (context, next) =>
        {
            if (context.HttpContext.Connection.LocalIpAddress is not null) return Results.NotFound();
            try
            {
                return await next(context);
            }
            catch (Exception e) when (e is InvalidOperationException or CommandStoreException or IndexLostException or IndexUnavailableException)
            {
                return Results.Text($"catalog: {e.Message}\n", statusCode: StatusCodes.Status422UnprocessableEntity);
            }
        });

        admin.MapPost("rebuild", async (EmbeddedProjection projection, CancellationToken cancellation) =>
            await projection.RebuildAsync(cancellation) ? Results.Text("The new index serves.\n") : Results.Text("An index is being built already.\n", statusCode: StatusCodes.Status409Conflict));

        admin.MapPost("restored", async (IEventLog log, IIndexSet indexes, EmbeddedProjection projection, CancellationToken cancellation) =>
        {
            await log.RenewAsync(cancellation);
            return await FollowAsync(log, indexes, projection, cancellation);
        });

        admin.MapPost("restore", async (SqliteCommandDatabase database, IIndexSet indexes, EmbeddedProjection projection, CancellationToken cancellation) =>
        {
            await database.ReplaceAsync();
            return await FollowAsync(database.Log, indexes, projection, cancellation);
        });

        admin.MapPost("replay-dead-letters", async (DeadLetterReplay replay, CancellationToken cancellation) =>
        {
            var reasons = new List<string>();
            var (replayed, left) = await replay.RunAsync(cancellation, (position, reason) =>
            {
                if (reasons.Count < MostReasons) reasons.Add($"  at position {position}: {reason}\n");
            });
            if (left > reasons.Count) reasons.Add($"  and {left - reasons.Count} more, which the log of the process names\n");
            return Results.Text($"{replayed} dead letters were replayed, {left} are left.\n{string.Concat(reasons)}", statusCode: left == 0 ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
        });
    }

    private static async Task<IResult> FollowAsync(IEventLog log, IIndexSet indexes, EmbeddedProjection projection, CancellationToken cancellation)
    {
        // One that was being built when the log changed follows the old one, and another is built after it.
        while (await indexes.GetCurrentAsync(cancellation) is not { } index || index.LogId != (await log.GetBoundsAsync(cancellation)).LogId)
            if (!await projection.RebuildAsync(cancellation)) await Task.Delay(Look, cancellation);
        return Results.Text("The index follows the restored database. Tokens and watch positions from before are void.\n");
    }
}
