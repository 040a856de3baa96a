using Catalog.Internal.V1;
using Catalog.V1;

namespace Catalog.Queries;

/// <summary>Changes as they happen. Adapters: the embedded event log, the Kafka topic.</summary>
internal interface IChangeFeed
{
    /// <summary>
    /// A position before which everything is in the index: who reads the index afterwards, and then watches from it, misses nothing. Some that is in the index may come after it.
    /// </summary>
    ValueTask<WatchPosition> GetIndexedAsync(CancellationToken cancellation);

    /// <summary>
    /// The changes after a position, batch by batch, for ever; an empty batch when none came for <paramref name="heartbeat"/>. Pull-based: nothing is read ahead of a
    /// slow caller without bound. Fails with <see cref="PositionExpiredException"/> where the changes after the position are no longer kept.
    /// </summary>
    IAsyncEnumerable<ChangeBatch> ReadAsync(WatchPosition after, TimeSpan heartbeat, CancellationToken cancellation);
}

/// <summary>Some changes.</summary>
/// <param name="Events">The changes in order; empty for a heartbeat.</param>
/// <param name="Position">The position after them.</param>
/// <param name="Delayed">Whether more are known to be late.</param>
internal sealed record ChangeBatch(IReadOnlyList<ProductEvent> Events, WatchPosition Position, bool Delayed = false);

/// <summary>The changes after a watch position are no longer kept, or the position is of another log.</summary>
internal sealed class PositionExpiredException(string message) : Exception(message);
