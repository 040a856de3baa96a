using Catalog.Elasticsearch.Http;
using Catalog.Elasticsearch.Indices;
using Catalog.Elasticsearch.Reading;
using Catalog.Elasticsearch.Status;
using Catalog.Projections;
using Catalog.Queries;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Catalog.Elasticsearch;

/// <summary>Registers the query database of a cluster.</summary>
public static class ElasticsearchServices
{
    /// <summary>
    /// Adds <see cref="IProductIndex"/>, <see cref="IIndexSet"/>, <see cref="IStatusBoard"/> and <see cref="ElasticsearchGate"/>, on Elasticsearch.
    /// Nothing is asked of it before it is needed.
    /// </summary>
    public static IServiceCollection AddElasticsearch(this IServiceCollection services, ElasticsearchOptions options)
    {
        if (options.Problems().FirstOrDefault() is { } problem) throw new ArgumentException(problem, nameof(options));
        Connection.Add(services, options);
        services.TryAddSingleton(TimeProvider.System);
        services.AddLogging();
        services.AddSingleton(new IndexNames(options.Alias));
        services.AddSingleton<ElasticsearchClient>();
        services.AddSingleton<ServingIndex>();
        services.AddSingleton(provider => new OldIndices(
            provider.GetRequiredService<ElasticsearchClient>(), provider.GetRequiredService<IndexNames>(), options.OldIndexGrace, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<StatusIndex>();
        services.AddSingleton<StatusReader>();
        services.AddSingleton<IStatusBoard, StatusBoard>();
        services.AddSingleton(provider => new ElasticsearchIndexSet(
            provider.GetRequiredService<ElasticsearchClient>(), provider.GetRequiredService<IndexNames>(), provider.GetRequiredService<ServingIndex>(),
            provider.GetRequiredService<OldIndices>(), provider.GetRequiredService<StatusIndex>(), options, provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<ElasticsearchIndexSet>>()));
        services.AddSingleton<IIndexSet>(provider => provider.GetRequiredService<ElasticsearchIndexSet>());
        services.AddSingleton<IProductIndex, ElasticsearchProductIndex>();
        services.AddSingleton(provider => new ElasticsearchGate(provider.GetRequiredService<ServingIndex>()));
        return services;
    }
}
