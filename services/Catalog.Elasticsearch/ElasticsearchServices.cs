using Catalog.Elasticsearch.Http;
using Catalog.Elasticsearch.Indices;
using Catalog.Elasticsearch.Reading;
using Catalog.Elasticsearch.Status;
using Catalog.Projections;
using Catalog.Queries;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Catalog.Elasticsearch;

/// <summary>Registers the query database of a cluster.</summary>
public static class ElasticsearchServices
{
    /// <summary>
    /// Adds <see cref="IProductIndex"/>, <see cref="IIndexSet"/> and <see cref="IStatusBoard"/>, on Elasticsearch. Nothing is asked of it before it is needed.
    /// </summary>
    /// <param name="services">The host's services.</param>
    /// <param name="options">Where it is.</param>
    /// <param name="maxConnections">How many connections there may be to one node at once; what needs more waits for one.</param>
    public static IServiceCollection AddElasticsearch(this IServiceCollection services, ElasticsearchOptions options, int maxConnections = int.MaxValue)
    {
        if (options.Problems().FirstOrDefault() is { } problem) throw new ArgumentException(problem, nameof(options));
        Connection.Add(services, options, maxConnections);
        services.TryAddSingleton(TimeProvider.System);
        services.AddLogging();
        services.AddSingleton(options);
        services.AddSingleton(new IndexNames(options.Alias));
        services.AddSingleton<ElasticsearchClient>();
        services.AddSingleton<ServingIndex>();
        services.AddSingleton<OldIndices>();
        services.AddSingleton<StatusIndex>();
        services.AddSingleton<StatusReader>();
        services.AddSingleton<IStatusBoard, StatusBoard>();
        services.AddSingleton<IIndexSet, ElasticsearchIndexSet>();
        services.AddSingleton<IProductIndex, ElasticsearchProductIndex>();
        return services;
    }

    /// <summary>Whether Elasticsearch answers and has an index that this build can use, for readiness.</summary>
    public static async ValueTask<bool> IsElasticsearchReachedAsync(this IServiceProvider services, CancellationToken cancellation)
    {
        try
        {
            return await services.GetRequiredService<ServingIndex>().ResolveAsync(cancellation) is { IsUsable: true };
        }
        catch (Exception e) when (e is IndexUnavailableException or ElasticsearchException)
        {
            return false;
        }
    }
}
