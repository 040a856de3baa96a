using Catalog.Elasticsearch.Http;
using Catalog.Elasticsearch.Indices;
using Catalog.Elasticsearch.Status;
using Catalog.Queries;
using Catalog.V1;

namespace Catalog.Elasticsearch.Reading;

/// <summary>The query database as the read side sees it.</summary>
internal sealed class ElasticsearchProductIndex(ElasticsearchClient client, ServingIndex serving, StatusReader status, TimeProvider time) : IProductIndex
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    public async ValueTask<IProductReader> OpenAsync(CancellationToken cancellation) =>
        await serving.ResolveAsync(cancellation) is { IsUsable: true } index
            ? new ProductReader(client, index)
            : throw new IndexUnavailableException(ErrorReason.IndexRebuilding, "There is no index yet that this build can use.", TimeSpan.FromSeconds(1));

    public Task WaitForChangeAsync(CancellationToken cancellation) => Task.Delay(Pause, time, cancellation);

    public ValueTask<IndexStatus> GetStatusAsync(CancellationToken cancellation) => status.ReadAsync(cancellation);
}
