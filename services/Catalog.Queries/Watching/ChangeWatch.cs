using Catalog.Internal.V1;
using Catalog.V1;
using Grpc.Core;

namespace Catalog.Queries.Watching;

/// <summary>WatchProducts: follows the feed of changes for one client at its own pace, and ends in time when it cannot keep up.</summary>
internal sealed class ChangeWatch(IChangeFeed feed, IProductIndex index, QueriesOptions options, TimeProvider time, Stopping stopping)
{
    // A message lies here, and at the gateway, as a whole until a slow client takes it, for each of the watchers (G10); more changes than this go out as several.
    private const int MaxMessageBytes = 64 * 1024;

    private int _watchers;

    /// <summary>Sends changes until the client leaves or falls behind, or the process stops.</summary>
    public async Task RunAsync(string position, IServerStreamWriter<WatchProductsResponse> client, CancellationToken cancellation)
    {
        WatchPosition? start = null;
        if (position.Length > 0 && !OpaqueText.TryDecode(position, WatchPosition.Parser, out start))
            throw CatalogError.Invalid("position", "is not a watch position, or was damaged on its way").ToRpcException();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation, stopping.Token);
        QueriesTelemetry.Watchers.Add(1);
        try
        {
            if (Interlocked.Increment(ref _watchers) > options.MaxWatchers) throw Failures.Overloaded("watches");
            await FollowAsync(start, client, ended.Token);
        }
        catch (PositionExpiredException expired)
        {
            throw CatalogError.Of(StatusCode.OutOfRange, ErrorReason.PositionExpired,
                $"{expired.Message} Take a position from GetProjectionStatus, list the products, and watch from it.").ToRpcException();
        }
        catch (OperationCanceledException) when (stopping.Token.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw CatalogError.Retry(StatusCode.Unavailable, ErrorReason.ShuttingDown,
                "This replica is shutting down. Watch again from the last position; another one answers.", TimeSpan.Zero).ToRpcException();
        }
        finally
        {
            Interlocked.Decrement(ref _watchers);
            QueriesTelemetry.Watchers.Add(-1);
        }
    }

    /// <summary>A position that shows every change which reads and searches begun after this call may lack.</summary>
    /// <exception cref="IndexUnavailableException">The queue or the index cannot tell now.</exception>
    public async Task<WatchPosition> GetPositionAsync(CancellationToken cancellation)
    {
        var position = await feed.GetIndexedAsync(cancellation);
        using var reader = await index.OpenAsync(cancellation);
        await reader.MakeSearchableAsync(cancellation);
        return position;
    }

    private async Task FollowAsync(WatchPosition? start, IServerStreamWriter<WatchProductsResponse> client, CancellationToken cancellation)
    {
        start ??= await GetPositionAsync(cancellation);
        var position = OpaqueText.Encode(start);
        await SendAsync(new WatchProductsResponse { Position = position }, client, cancellation);
        await foreach (var batch in feed.ReadAsync(start, options.WatchHeartbeat, cancellation))
        {
            // Until the whole batch is out, the position stays before it: who breaks off in between sees changes again rather than never.
            var message = new WatchProductsResponse { Position = position, Delayed = batch.Delayed };
            var bytes = 0;
            foreach (var change in batch.Events)
            {
                var size = change.CalculateSize();
                if (bytes > 0 && bytes + size > MaxMessageBytes)
                {
                    await SendAsync(message, client, cancellation);
                    message = new WatchProductsResponse { Position = position, Delayed = batch.Delayed };
                    bytes = 0;
                }
                message.Events.Add(PublicEvent.Of(change));
                bytes += size;
            }
            message.Position = position = OpaqueText.Encode(batch.Position);
            await SendAsync(message, client, cancellation);
        }
    }

    // The write itself gets no cancellation token: cancelling it would reset the stream, and the client would never read why.
    private async Task SendAsync(WatchProductsResponse message, IServerStreamWriter<WatchProductsResponse> client, CancellationToken cancellation)
    {
        try
        {
            await client.WriteAsync(message).WaitAsync(options.MaxWatchWrite, time, cancellation);
        }
        catch (TimeoutException)
        {
            throw CatalogError.Of(StatusCode.ResourceExhausted, ErrorReason.WatchTooSlow,
                $"The client did not take a message within {options.MaxWatchWrite.TotalSeconds:0.#} seconds. Watch again from its last position.").ToRpcException();
        }
    }
}
