using Catalog.Elasticsearch;
using Catalog.Hosting;
using Catalog.Kafka;
using Catalog.Queries;

namespace Catalog.QueryService;

/// <summary>Puts the query service together: queries from Elasticsearch, changes from Kafka. It never looks into the command database.</summary>
internal static class QueryHost
{
    // For what calls share, such as which index serves and refreshes, and for those who look whether it holds the writes of their tokens.
    private const int SharedConnections = 32;

    public static WebApplication Build(Uri grpc, Uri rest)
    {
        // Who only watches needs Kafka, and can wait for it; everyone else needs the index.
        var builder = CatalogHost.CreateBuilder(grpc, rest, ElasticsearchServices.IsElasticsearchReachedAsync);
        var configuration = builder.Configuration;
        var queries = Settings.Read<QueriesOptions>(configuration, "Queries", o => o.Problems());
        builder.Services.AddElasticsearch(Settings.Read<ElasticsearchOptions>(configuration, "Elasticsearch", o => o.Problems()),
            queries.MaxConcurrentSearches + queries.MaxConcurrentLookups + SharedConnections);
        builder.Services.AddKafkaChangeFeed(Settings.Read<KafkaOptions>(configuration, "Kafka", o => o.Problems()));
        builder.Services.AddSingleton(queries);
        builder.Services.AddSingleton(s => new Stopping(s.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping));
        builder.Services.AddSingleton<ProductQueryService>();

        var app = builder.Build();
        Settings.TellWhatIsPassedOver(app, "Elasticsearch", "Kafka", "Queries");
        app.MapCatalog();
        app.MapGrpcService<ProductQueryService>();
        return app;
    }
}
