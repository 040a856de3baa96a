using System.CommandLine;
using Catalog.Commands;
using Catalog.Commands.Relaying;
using Catalog.Elasticsearch;
using Catalog.Elasticsearch.Http;
using Catalog.Hosting;
using Catalog.Kafka;
using Catalog.Projections;
using Catalog.Queries;
using Catalog.Sqlite;
using Catalog.SqlServer;

namespace Catalog.CommandService;

/// <summary>What is done to the command database and the index by hand, or by a job at install.</summary>
internal static class Verbs
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(30);

    public static Command Migrate() => Create("migrate", "Brings the command database to the schema of this build. Safe when two do so at once.", (_, _) => { },
        async (services, cancellation) =>
        {
            // SQLite was migrated when it was opened.
            var applied = services.GetService<SqlServerMigrator>() is { } migrator ? await migrator.MigrateAsync(cancellation) : 0;
            if (services.GetService<SqlServerMigrator>() is null) services.GetRequiredService<ICommandStore>();
            Console.WriteLine(applied == 0 ? "The command database has the schema of this build." : $"{applied} migrations were applied.");
            return 0;
        });

    public static Command Rebuild()
    {
        var allowMissing = new Option<bool>("--allow-missing") { Description = "Swap even if some products cannot be written into the new index; they are set aside with the dead events." };
        var ifMissing = new Option<bool>("--if-missing") { Description = "Only where no index serves that follows this database's log, as at the first install." };
        return Create("rebuild", "Builds the index anew from the command database, while the present one serves, and swaps it in.", CommandHost.AddIndex,
            async (services, cancellation) =>
            {
                var arguments = services.GetRequiredService<ParseResult>();
                if (arguments.GetValue(ifMissing))
                {
                    var built = await services.GetRequiredService<FirstIndex>().EnsureAsync(arguments.GetValue(allowMissing), cancellation);
                    Console.WriteLine(built ? "The new index serves." : "An index serves already.");
                    return 0;
                }
                await services.GetRequiredService<IndexRebuild>().RunAsync(arguments.GetValue(allowMissing), cancellation);
                Console.WriteLine("The new index serves.");
                return 0;
            }, allowMissing, ifMissing);
    }

    public static Command Restored() => Create("restored",
        "After the command database was put back from a backup: makes the index, consistency tokens and watch positions of the lost future void.", CommandHost.AddIndex,
        async (services, cancellation) =>
        {
            await services.GetRequiredService<IEventLog>().RenewAsync(cancellation);
            await services.GetRequiredService<IndexRebuild>().RunAsync(allowMissing: true, cancellation);
            Console.WriteLine("The index follows the restored database. Tokens and watch positions from before are void.");
            return 0;
        });

    public static Command Backup()
    {
        var file = BackupFile("The file to write, which is not there yet, or - for the standard output.");
        return Create("backup", "Copies the command database as it is at one instant, while it serves. For SQLite; a SQL Server has backups of its own.", (_, _) => { },
            async (services, cancellation) =>
            {
                var target = services.GetRequiredService<ParseResult>().GetValue(file)!;
                var products = await SqliteBackup.SaveAsync(SqlitePath(services), target);
                await (target == SqliteBackup.Standard ? Console.Error : Console.Out).WriteLineAsync($"{products} products were backed up.");
                return 0;
            }, file);
    }

    public static Command Restore()
    {
        var file = BackupFile("The backup, or - for the standard input.");
        return Create("restore", "Puts a backup in the place of the command database, while it serves, and makes the index follow it. For SQLite; with a SQL Server use its own tools, then \"restored\".",
            CommandHost.AddIndex, async (services, cancellation) =>
            {
                var database = SqlitePath(services);
                try
                {
                    var products = await SqliteBackup.PrepareAsync(services.GetRequiredService<ParseResult>().GetValue(file)!, database);
                    await services.GetRequiredService<SqliteCommandDatabase>().ReplaceAsync();
                    Console.WriteLine($"{products} products were restored.");
                }
                finally
                {
                    SqliteBackup.Remove(SqliteBackup.PreparedFor(database));
                }
                await services.GetRequiredService<IndexRebuild>().RunAsync(allowMissing: true, cancellation);
                Console.WriteLine("The index follows the restored database. Tokens and watch positions from before are void.");
                return 0;
            }, file);
    }

    public static Command ReplayDeadEvents() => Create("replay-dead-events", "Tries again to publish the events that were set aside.",
        (services, configuration) => services.AddKafkaPublisher(Settings.Read<KafkaOptions>(configuration, "Kafka", o => o.Problems())).AddSingleton<DeadEventReplay>(),
        async (services, cancellation) =>
        {
            var (replayed, left) = await services.GetRequiredService<DeadEventReplay>().RunAsync(AnswerLimit, cancellation);
            Console.WriteLine($"{replayed} dead events were published, {left} are left.");
            return left == 0 ? 0 : 1;
        });

    private static Argument<string> BackupFile(string description) => new("file") { Description = description, HelpName = "FILE" };

    private static string SqlitePath(IServiceProvider services) => services.GetService<CommandDatabaseOptions>()?.Path
        ?? throw new SettingsException("The command database is a SQL Server. Back it up and restore it with its own tools; after a restore run \"restored\".");

    private static Command Create(
        string verb, string description, Action<IServiceCollection, IConfiguration> add, Func<IServiceProvider, CancellationToken, Task<int>> run, params IEnumerable<Symbol> takes) =>
        VerbCommand.Create(verb, description, (configuration, services) =>
        {
            services.AddCommandDatabase(configuration);
            add(services, configuration);
        }, run, (e, configuration) => e switch
        {
            IndexUnavailableException unavailable => ElasticsearchOptions.Explain(unavailable, configuration["Elasticsearch:Url"]),
            CommandStoreException or IndexLostException or InvalidOperationException or ElasticsearchException => e.Message,
            _ => null,
        }, takes);
}
