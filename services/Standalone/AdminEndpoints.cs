using Catalog.Projections;

namespace Catalog.Standalone;

/// <summary>What the verbs of the command line ask of the running process, on a socket in the data folder and nowhere else.</summary>
internal static class AdminEndpoints
{
    public static void MapAdmin(this WebApplication app)
    {
        // A connection of the socket has no address.
        var admin = app.MapGroup("/admin").AddEndpointFilter(async (context, next) =>
            context.HttpContext.Connection.LocalIpAddress is null ? await next(context) : Results.NotFound());

        admin.MapPost("rebuild", async (EmbeddedProjection projection, CancellationToken cancellation) =>
            await projection.RebuildAsync(cancellation) ? Results.Text("The new index serves.\n") : Results.Text("An index is being built already.\n", statusCode: StatusCodes.Status409Conflict));

        admin.MapPost("restored", async (IEventLog log, EmbeddedProjection projection, CancellationToken cancellation) =>
        {
            await log.RenewAsync(cancellation);
            await projection.RebuildAsync(cancellation);
            return Results.Text("The index follows the restored database. Tokens and watch positions from before are void.\n");
        });

        admin.MapPost("replay-dead-letters", async (DeadLetterReplay replay, CancellationToken cancellation) =>
        {
            var (replayed, left) = await replay.RunAsync(cancellation);
            return Results.Text($"{replayed} dead letters were replayed, {left} are left.\n", statusCode: left == 0 ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
        });
    }
}
