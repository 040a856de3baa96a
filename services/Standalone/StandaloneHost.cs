using Catalog.Commands;
using Catalog.Hosting;
using Catalog.Sqlite;

namespace Catalog.Standalone;

/// <summary>Puts the one process together: the same commands, projector and queries as on a cluster, on SQLite.</summary>
internal static class StandaloneHost
{
    public static WebApplication Build(DataFolder folder, Uri grpc, Uri rest)
    {
        var builder = CatalogHost.CreateBuilder([], grpc, rest, (_, _) => ValueTask.FromResult(true));
        var services = builder.Services;
        services.AddSingleton<CommandMetrics>();
        services.AddSingleton(s => SqliteCommandDatabase.Open(new CommandDatabaseOptions { Path = folder.CommandDatabase },
            s.GetRequiredService<TimeProvider>(), s.GetRequiredService<CommandMetrics>(), s.GetRequiredService<ILogger<SqliteCommandDatabase>>()));
        services.AddSingleton(s => new ProductCommandService(s.GetRequiredService<SqliteCommandDatabase>(), s.GetRequiredService<TimeProvider>(), actorHeader: "",
            s.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping));

        var app = builder.Build();
        // Opened before anything listens, so that what is wrong with the folder is said at once.
        app.Services.GetRequiredService<SqliteCommandDatabase>();
        app.MapCatalog();
        app.MapGrpcService<ProductCommandService>();
        return app;
    }
}
