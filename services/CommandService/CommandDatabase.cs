using Catalog.Commands;
using Catalog.Commands.Relaying;
using Catalog.Hosting;
using Catalog.Projections;
using Catalog.Sqlite;
using Catalog.SqlServer;

namespace Catalog.CommandService;

/// <summary>The command database that <c>CommandDatabase:Provider</c> names: <c>SqlServer</c>, or <c>Sqlite</c> on a file at <c>CommandDatabase:Path</c>.</summary>
internal static class CommandDatabase
{
    private const string Section = "CommandDatabase";

    // What is meant for the other provider may stand there too.
    private static readonly string[] Known = ["Provider", .. Settings.NamesOf<SqlServerOptions>().Union(Settings.NamesOf<CommandDatabaseOptions>())];

    public static void AddCommandDatabase(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton<CommandMetrics>();
        switch (configuration[$"{Section}:Provider"] ?? "SqlServer")
        {
            case "SqlServer":
                services.AddSqlServer(Settings.Read<SqlServerOptions>(configuration, Section, o => o.Problems(), Known));
                break;
            case "Sqlite":
                AddSqlite(services, Settings.Read<CommandDatabaseOptions>(configuration, Section, Problems, Known));
                break;
            case var other:
                throw new SettingsException($"{Section}:Provider must be SqlServer or Sqlite, not \"{other}\".");
        }
    }

    /// <summary>Whether commands can be taken: the database was reached, and has the schema of this build.</summary>
    public static ValueTask<bool> IsReachedAsync(IServiceProvider services, CancellationToken cancellation) =>
        services.GetService<SqlServerDatabase>() is { } server ? server.IsReachedAsync(cancellation) : ValueTask.FromResult(true);

    private static IEnumerable<string> Problems(CommandDatabaseOptions options) =>
        options.Path.Length == 0 ? options.Problems().Append($"{Section}:Path must name the file of the command database.") : options.Problems();

    private static void AddSqlite(IServiceCollection services, CommandDatabaseOptions options)
    {
        // The verbs write it too, in processes of their own, and several command services on one machine may.
        options.Share();
        services.AddSingleton(options);
        services.AddSingleton(s => SqliteCommandDatabase.Open(options, s.GetRequiredService<TimeProvider>(), s.GetRequiredService<CommandMetrics>(), s.GetRequiredService<ILogger<SqliteCommandDatabase>>()));
        services.AddSingleton<ICommandStore>(s => s.GetRequiredService<SqliteCommandDatabase>());
        services.AddSingleton<IEventLog>(s => s.GetRequiredService<SqliteCommandDatabase>().Log);
        services.AddSingleton<IProductStates, SqliteProductStates>();
        services.AddSingleton<IOutbox, SqliteOutbox>();
        services.AddSingleton<IRetention, Retention>();
    }
}
