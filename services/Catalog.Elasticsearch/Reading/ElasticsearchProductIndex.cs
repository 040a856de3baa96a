using Catalog.Elasticsearch.Http;
using Catalog.Elasticsearch.Indices;
using Catalog.Elasticsearch.Status;
using Catalog.Queries;
using Catalog.V1;

namespace Catalog.Elasticsearch.Reading;

/// <summary>The query database as the read side sees it.</summary>
internal sealed class ElasticsearchProductIndex(ElasticsearchClient client, ServingIndex serving, StatusReader status, TimeProvider time) : IProductIndex
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25), LongestPause = TimeSpan.FromMilliseconds(500);

    private int _waiting;

    public async ValueTask<IProductReader> OpenAsync(CancellationToken cancellation) =>
        await serving.ResolveAsync(cancellation) is { IsUsable: true } index
            ? new ProductReader(client, index)
            : throw new IndexUnavailableException(ErrorReason.IndexRebuilding, "There is no index yet that this build can use.");

    public Func<CancellationToken, Task> WatchForChange()
    {
        var began = time.GetTimestamp();
        return cancellation => PauseAsync(time.GetElapsedTime(began), cancellation);
    }

    // The more wait, and the longer a look takes, the less often each of them asks: they wait because Elasticsearch is behind, and asking holds it up.
    private async Task PauseAsync(TimeSpan looked, CancellationToken cancellation)
    {
        var turn = Pause * Math.Max(1, Interlocked.Increment(ref _waiting) / 20);
        var pause = TimeSpan.FromTicks(Math.Max(turn.Ticks - looked.Ticks, looked.Ticks));
        try
        {
            await Task.Delay(pause < LongestPause ? pause : LongestPause, time, cancellation);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    public ValueTask<IndexStatus> GetStatusAsync(CancellationToken cancellation) => status.ReadAsync(cancellation);
}
