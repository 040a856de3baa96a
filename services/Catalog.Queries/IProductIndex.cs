using Catalog.V1;

namespace Catalog.Queries;

/// <summary>The query database: what the read side knows of the products. Adapters: SQLite FTS5, Elasticsearch.</summary>
/// <remarks>
/// Failures: <see cref="IndexUnavailableException"/> where the index cannot answer now; everything else is a defect.
/// </remarks>
public interface IProductIndex
{
    /// <summary>
    /// Resolves the index that serves now. One attempt at a read opens once and does everything on that reader, so that a rebuilt
    /// index, swapped in meanwhile, never mixes with it. Dispose ends the use.
    /// </summary>
    ValueTask<IProductReader> OpenAsync(CancellationToken cancellation);

    /// <summary>
    /// Begins to watch for a change, before the state is read that is waited on. What it returns waits after that until the index may have changed since: no
    /// longer than for the next write in the same process, for a short pause elsewhere.
    /// </summary>
    Func<CancellationToken, Task> WatchForChange();

    /// <summary>How far the index is behind the event log.</summary>
    ValueTask<IndexStatus> GetStatusAsync(CancellationToken cancellation);
}

/// <summary>One resolved index.</summary>
public interface IProductReader : IDisposable
{
    /// <summary>The event log that this index follows.</summary>
    string LogId { get; }

    /// <summary>
    /// The newest version held of each product, in the order of the ids; 0 for one that is not there. Tombstones count. Sees every write that was
    /// acknowledged, searchable or not.
    /// </summary>
    ValueTask<IReadOnlyList<long>> GetVersionsAsync(IReadOnlyList<string> productIds, CancellationToken cancellation);

    /// <summary>The products in the order of the ids; null for one that is not there or deleted. Sees every write that was acknowledged.</summary>
    ValueTask<IReadOnlyList<Product?>> GetAsync(IReadOnlyList<string> productIds, CancellationToken cancellation);

    /// <summary>
    /// Returns once every write acknowledged before the call is visible to searches. Callers share the work: one never joins a refresh that had begun.
    /// </summary>
    ValueTask MakeSearchableAsync(CancellationToken cancellation);

    /// <summary>One page of a search.</summary>
    ValueTask<SearchPage> SearchAsync(SearchPlan plan, CancellationToken cancellation);

    /// <summary>Products whose titles hold the words, the last as the beginning of one; best first.</summary>
    ValueTask<IReadOnlyList<Product>> SuggestAsync(SuggestPlan plan, CancellationToken cancellation);
}

/// <summary>How far the index is behind the event log.</summary>
/// <param name="Phase">What the projection is doing.</param>
/// <param name="LogId">The event log that the index follows.</param>
/// <param name="LagEvents">How many events are not in the index yet.</param>
/// <param name="OldestUnprojected">When the oldest of them occurred; null if there is none.</param>
/// <param name="DeadLetters">Events that were set aside.</param>
/// <param name="DirectSync">Whether the index is fed from the event log because the queue cannot be reached.</param>
/// <param name="NextLogId">The event log that the next index will follow, where the database was restored and that index is still to be built; else null.</param>
/// <param name="IsNextLogKnown">Whether that is known: false while nobody says which log the commands are written to.</param>
public sealed record IndexStatus(
    ProjectionStatus.Types.Phase Phase, string LogId, long LagEvents, DateTimeOffset? OldestUnprojected, long DeadLetters, bool DirectSync = false, string? NextLogId = null,
    bool IsNextLogKnown = true);

/// <summary>The index cannot answer now; the call may be repeated.</summary>
/// <param name="reason"><see cref="ErrorReason.IndexUnavailable"/>, <see cref="ErrorReason.IndexRebuilding"/> or <see cref="ErrorReason.ReadNotCaughtUp"/>.</param>
/// <param name="message">What happened, for people.</param>
/// <param name="retryAfter">When it is worth trying again: in a second, where nothing else is known.</param>
/// <param name="inner">The cause.</param>
public sealed class IndexUnavailableException(ErrorReason reason, string message, TimeSpan? retryAfter = null, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The reason for the client.</summary>
    public ErrorReason Reason { get; } = reason;

    /// <summary>When it is worth trying again.</summary>
    public TimeSpan RetryAfter { get; } = retryAfter ?? TimeSpan.FromSeconds(1);
}
