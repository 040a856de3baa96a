using Catalog.Projections;
using Catalog.Queries;
using Catalog.Tests.Index;

namespace Catalog.Tests.Elasticsearch;

/// <summary>The index in Elasticsearch does what every index does.</summary>
public sealed class ElasticsearchIndexTests : ProductIndexContract
{
    private TestElasticsearch? _server;

    // Each is a handful of requests.
    protected override int Samples => 20;

    protected override ValueTask<(IIndexSet Indices, IProductIndex Index)> StartAsync()
    {
        _server = TestElasticsearch.Start();
        return new((_server.Indices, _server.Index));
    }

    protected override async ValueTask StopAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
    }
}
