using Catalog.Commands;
using Catalog.Commands.Relaying;
using Catalog.Elasticsearch;
using Catalog.Hosting;
using Catalog.Kafka;
using Catalog.Projections;

namespace Catalog.CommandService;

/// <summary>Puts the command service together: commands into the command database, its events to Kafka, and past Kafka into Elasticsearch while that is away.</summary>
internal static class CommandHost
{
    public static async Task<int> RunAsync(string urls, CancellationToken cancellation)
    {
        try
        {
            return await HostCommand.RunAsync(urls, Build, CatalogHost.SayWhereItListens, cancellation);
        }
        catch (CommandStoreException e)
        {
            return HostCommand.Fail(e.Message);
        }
    }

    private static WebApplication Build(Uri grpc, Uri rest)
    {
        // Commands need the command database only. What they wrote waits there for Kafka and Elasticsearch.
        var builder = CatalogHost.CreateBuilder(grpc, rest, CommandDatabase.IsReachedAsync);
        var configuration = builder.Configuration;
        builder.Services.AddCommandDatabase(configuration);
        AddIndex(builder.Services, configuration);
        builder.Services.AddKafkaPublisher(Settings.Read<KafkaOptions>(configuration, "Kafka", o => o.Problems()));
        builder.Services.AddSingleton(Settings.Read<RelayOptions>(configuration, "Relay", o => o.Problems()));
        builder.Services.AddSingleton<RelayMetrics>();
        builder.Services.AddSingleton<IDirectSync, DirectIndexSync>();
        builder.Services.AddSingleton<Relay>();
        builder.Services.AddHostedService(s => s.GetRequiredService<Relay>());
        builder.Services.AddHostedService<StatusReports>();
        builder.Services.AddHostedService<Housekeeping>();
        builder.Services.AddHostedService<RebuildCompletion>();
        var commands = Settings.Read<CommandsOptions>(configuration, "Commands", o => o.Problems());
        if (commands.BuildFirstIndex) builder.Services.AddHostedService<FirstIndexBuilder>();
        builder.Services.AddSingleton(s => new ProductCommandService(s.GetRequiredService<ICommandStore>(), s.GetRequiredService<TimeProvider>(), commands.ActorHeader,
            s.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping));

        var app = builder.Build();
        Settings.TellWhatIsPassedOver(app, "CommandDatabase", "Commands", "Elasticsearch", "Kafka", "Relay");
        // Before anything listens, so that a database that can never be used is said at once.
        app.Services.GetRequiredService<ICommandStore>();
        app.MapCatalog();
        app.MapGrpcService<ProductCommandService>();
        return app;
    }

    /// <summary>What writes the log into the index: direct sync and the rebuild.</summary>
    public static void AddIndex(IServiceCollection services, IConfiguration configuration)
    {
        services.AddElasticsearch(Settings.Read<ElasticsearchOptions>(configuration, "Elasticsearch", o => o.Problems()));
        services.AddSingleton<ProjectionMetrics>();
        services.AddSingleton<IDeadLetters, OutboxDeadLetters>();
        services.AddSingleton<LogWriter>();
        services.AddSingleton<IndexRebuild>();
        services.AddSingleton<FirstIndex>();
    }
}
