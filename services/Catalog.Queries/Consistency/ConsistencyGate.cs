using Catalog.V1;
using Grpc.Core;

namespace Catalog.Queries.Consistency;

/// <summary>Lets a read that carries consistency tokens through once the index holds the writes that they name (G6).</summary>
internal sealed class ConsistencyGate(IProductIndex index, QueriesOptions options, TimeProvider time)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private int _waiting;

    /// <summary>
    /// A reader on an index that holds the writes; with <paramref name="searchable"/>, searches see them too. Waits for them until
    /// <see cref="QueriesOptions.MaxTokenWait"/> or the call's deadline.
    /// </summary>
    public async ValueTask<IProductReader> OpenAsync(RequiredWrites writes, bool searchable, DateTime deadline, CancellationToken cancellation)
    {
        try
        {
            // The first look counts too: where the index answers slowly, that is where they wait (G10).
            if (Interlocked.Increment(ref _waiting) > options.MaxTokenWaiters) throw Failures.Overloaded("reads waiting for their consistency tokens");
            var reader = await TryOpenAsync(writes, cancellation) ?? await WatchAsync(writes, deadline, cancellation);
            try
            {
                if (searchable) await reader.MakeSearchableAsync(cancellation);
                return reader;
            }
            catch
            {
                reader.Dispose();
                throw;
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private async Task<IProductReader> WatchAsync(RequiredWrites writes, DateTime deadline, CancellationToken cancellation)
    {
        using var activity = QueriesTelemetry.Activities.StartActivity("wait for consistency tokens");
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var began = time.GetTimestamp();
        var untilDeadline = deadline - time.GetUtcNow().UtcDateTime;
        var limit = untilDeadline < options.MaxTokenWait ? untilDeadline : options.MaxTokenWait;
        var caughtUp = false;
        try
        {
            while (true)
            {
                // Begun before looking, so that no change between the look and the wait is missed.
                var change = index.WatchForChange();
                if (await TryOpenAsync(writes, cancellation) is { } reader)
                {
                    caughtUp = true;
                    return reader;
                }
                var left = limit - time.GetElapsedTime(began);
                // A change that is there already would be waited for however late it is.
                if (left <= TimeSpan.Zero) throw new TimeoutException();
                await change(ended.Token).WaitAsync(left, time, cancellation);
            }
        }
        catch (TimeoutException)
        {
            throw untilDeadline < options.MaxTokenWait
                ? Failures.DeadlineExceeded()
                : CatalogError.Retry(StatusCode.Unavailable, ErrorReason.ReadNotCaughtUp,
                    "The index does not hold the writes of the consistency tokens yet.", RetryAfter).ToRpcException();
        }
        finally
        {
            await ended.CancelAsync();
            QueriesTelemetry.Waited(time.GetElapsedTime(began), caughtUp);
        }
    }

    // Every attempt opens anew: while it waited, a rebuilt index may have taken the place of the one before.
    private async ValueTask<IProductReader?> TryOpenAsync(RequiredWrites writes, CancellationToken cancellation)
    {
        var reader = await index.OpenAsync(cancellation);
        var holds = false;
        try
        {
            if (!writes.AreOf(reader.LogId))
            {
                writes.ThrowIfForeign(reader.LogId, await index.GetStatusAsync(cancellation));
                return null;
            }
            holds = writes.AreIn(await reader.GetVersionsAsync(writes.ProductIds, cancellation));
            return holds ? reader : null;
        }
        finally
        {
            if (!holds) reader.Dispose();
        }
    }
}
