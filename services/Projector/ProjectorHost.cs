using Catalog.Elasticsearch;
using Catalog.Hosting;
using Catalog.Kafka;
using Catalog.Projections;

namespace Catalog.Projector;

/// <summary>Puts the projector together: from Kafka into Elasticsearch. Several share the partitions of the topic.</summary>
internal static class ProjectorHost
{
    public static WebApplication Build(Uri grpc, Uri rest)
    {
        var builder = CatalogHost.CreateBuilder(grpc, rest, reached: async (services, cancellation) =>
            await services.IsElasticsearchReachedAsync(cancellation) && await services.IsKafkaReachedAsync(cancellation));
        AddStores(builder.Services, builder.Configuration, out var kafka);
        builder.Services.AddSingleton<ProjectionMetrics>();
        builder.Services.AddKafkaProjector(kafka);

        var app = builder.Build();
        Settings.TellWhatIsPassedOver(app, "Elasticsearch", "Kafka");
        app.MapCatalog();
        return app;
    }

    public static void AddStores(IServiceCollection services, IConfiguration configuration, out KafkaOptions kafka)
    {
        services.AddElasticsearch(Settings.Read<ElasticsearchOptions>(configuration, "Elasticsearch", o => o.Problems()));
        kafka = Settings.Read<KafkaOptions>(configuration, "Kafka", o => o.Problems());
    }
}
