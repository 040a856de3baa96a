using Catalog.Commands;
using Catalog.Hosting;
using Catalog.Projections;
using Catalog.Queries;
using Catalog.Sqlite;
using Catalog.Sqlite.Index;

namespace Catalog.Standalone;

/// <summary>Puts the one process together: the same commands, projector and queries as on a cluster, on SQLite.</summary>
internal static partial class StandaloneHost
{
    public static WebApplication Build(DataFolder folder, Uri grpc, Uri rest)
    {
        var builder = CatalogHost.CreateBuilder(grpc, rest, reached: async (services, cancellation) =>
            await services.GetRequiredService<SqliteIndexSet>().GetCurrentAsync(cancellation) is not null);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(folder.AdminSocket));
        AddWriteSide(builder.Services, builder.Configuration, folder);
        AddReadSide(builder.Services, builder.Configuration, folder);

        var app = builder.Build();
        Settings.TellWhatIsPassedOver(app, "CommandDatabase", "Commands", "Queries");
        // Before anything listens, so that what is wrong with the settings or the folder is said at once.
        app.Services.GetRequiredService<QueriesOptions>();
        app.Services.GetRequiredService<CommandDatabaseOptions>();
        if (!File.Exists(folder.CommandDatabase) && SqliteIndexSet.KeepOrphans(folder.Path) is [var orphan, ..]) DatabaseGone(app.Logger, folder.CommandDatabase, orphan);
        app.Services.GetRequiredService<SqliteCommandDatabase>();
        app.MapCatalog();
        app.MapGrpcService<ProductCommandService>();
        app.MapGrpcService<ProductQueryService>();
        app.MapAdmin();
        return app;
    }

    private static void AddWriteSide(IServiceCollection services, IConfiguration configuration, DataFolder folder)
    {
        services.AddSingleton(_ =>
        {
            // The folder says where the database is.
            var known = Settings.NamesOf<CommandDatabaseOptions>().Where(name => name != nameof(CommandDatabaseOptions.Path)).ToList();
            var options = Settings.Read<CommandDatabaseOptions>(configuration, "CommandDatabase", o => o.Problems(), known);
            options.Path = folder.CommandDatabase;
            return options;
        });
        services.AddSingleton<CommandMetrics>();
        var commands = Settings.Read<CommandsOptions>(configuration, "Commands", o => o.Problems(), [nameof(CommandsOptions.ActorHeader)]);
        services.AddSingleton(s => SqliteCommandDatabase.Open(s.GetRequiredService<CommandDatabaseOptions>(),
            s.GetRequiredService<TimeProvider>(), s.GetRequiredService<CommandMetrics>(), s.GetRequiredService<ILogger<SqliteCommandDatabase>>()));
        services.AddSingleton<IEventLog>(s => s.GetRequiredService<SqliteCommandDatabase>().Log);
        services.AddSingleton<IProductStates, SqliteProductStates>();
        services.AddSingleton(s => new ProductCommandService(s.GetRequiredService<SqliteCommandDatabase>(), s.GetRequiredService<TimeProvider>(), commands.ActorHeader,
            s.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping));
        services.AddSingleton<Retention>();
        services.AddHostedService<Housekeeping>();
    }

    private static void AddReadSide(IServiceCollection services, IConfiguration configuration, DataFolder folder)
    {
        services.AddSingleton(s => new SqliteIndexSet(folder.Path, s.GetRequiredService<IEventLog>(), s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILogger<SqliteIndexSet>>()));
        services.AddSingleton<IProductIndex>(s => s.GetRequiredService<SqliteIndexSet>());
        services.AddSingleton<IIndexSet>(s => s.GetRequiredService<SqliteIndexSet>());
        services.AddSingleton<IDeadLetters>(s => s.GetRequiredService<SqliteIndexSet>());

        services.AddSingleton<ProjectionMetrics>();
        services.AddSingleton<LogWriter>();
        services.AddSingleton<IndexRebuild>();
        services.AddSingleton<DeadLetterReplay>();
        services.AddSingleton<EmbeddedProjection>();
        services.AddHostedService(s => s.GetRequiredService<EmbeddedProjection>());
        services.AddHostedService<ProjectionGauges>();

        services.AddSingleton(_ => Settings.Read<QueriesOptions>(configuration, "Queries", o => o.Problems()));
        services.AddSingleton<IChangeFeed>(s => new SqliteChangeFeed(s.GetRequiredService<SqliteCommandDatabase>().Log, s.GetRequiredService<IIndexSet>()));
        services.AddSingleton(s => new Stopping(s.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping));
        services.AddSingleton<ProductQueryService>();
    }

    [LoggerMessage(1, LogLevel.Warning, "{Database} is gone: the catalog begins empty. Restore a backup with the verb restore, or stop, put the file back where it was and start again. The index of the catalog that was here is kept as {Index}.")]
    private static partial void DatabaseGone(ILogger logger, string database, string index);
}
