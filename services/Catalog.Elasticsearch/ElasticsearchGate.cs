using Catalog.Elasticsearch.Http;
using Catalog.Elasticsearch.Indices;
using Catalog.Queries;

namespace Catalog.Elasticsearch;

/// <summary>Whether a host can begin to serve.</summary>
public sealed class ElasticsearchGate
{
    private readonly ServingIndex _serving;

    internal ElasticsearchGate(ServingIndex serving) => _serving = serving;

    /// <summary>Whether Elasticsearch answers and has an index that this build can use.</summary>
    public async ValueTask<bool> IsReachedAsync(CancellationToken cancellation)
    {
        try
        {
            return await _serving.ResolveAsync(cancellation) is { IsUsable: true };
        }
        catch (Exception e) when (e is IndexUnavailableException or ElasticsearchException)
        {
            return false;
        }
    }
}
