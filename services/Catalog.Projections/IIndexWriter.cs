using Catalog.V1;

namespace Catalog.Projections;

/// <summary>One index, as it is written.</summary>
public interface IIndexWriter
{
    /// <summary>The event log that this index follows.</summary>
    string LogId { get; }

    /// <summary>
    /// Takes each product, tombstones included, if its version is newer than the one held; an older or equal one counts as written (G3). Each product comes at most once in a call.
    /// Throws where the index cannot be written now; the call may then be repeated.
    /// </summary>
    ValueTask<IndexOutcome> WriteAsync(IReadOnlyList<Product> products, CancellationToken cancellation);

    /// <summary>The position in the log up to which everything is in this index; 0 for a new one.</summary>
    ValueTask<long> GetPositionAsync(CancellationToken cancellation);

    /// <summary>Notes the position up to which everything is in this index. Never survives the writes before it.</summary>
    ValueTask SavePositionAsync(long position, CancellationToken cancellation);
}

/// <summary>What became of products that were written into an index.</summary>
/// <param name="Rejected">Those that it will never take.</param>
/// <param name="Held">The names of those that it had already, in this version or a newer one.</param>
public sealed record IndexOutcome(IReadOnlyList<RejectedProduct> Rejected, IReadOnlyList<string> Held);

/// <summary>A product that an index will never take, and why.</summary>
public readonly record struct RejectedProduct(Product Product, string Reason);

/// <summary>The indices that there are, of which one serves.</summary>
public interface IIndexSet
{
    /// <summary>Completes when there is no index that can serve, because there never was one or because it broke: one must be built.</summary>
    Task Unusable { get; }

    /// <summary>The index that serves; null if there is none that can.</summary>
    ValueTask<IIndexWriter?> GetCurrentAsync(CancellationToken cancellation);

    /// <summary>Makes an empty index that does not serve yet. One that was left over from an attempt that broke off is removed.</summary>
    ValueTask<IIndexWriter> CreateAsync(string logId, CancellationToken cancellation);

    /// <summary>
    /// Makes an index the one that serves, in one step. The one before is removed once no reader uses it. When this returns, nothing that was not begun before is written into that
    /// one. Until <see cref="FinishAsync"/> the index counts as unfinished. Where it fails, it may be repeated.
    /// </summary>
    ValueTask SwapAsync(IIndexWriter next, CancellationToken cancellation);

    /// <summary>Notes that the log is in an index which was swapped in, up to a head that was read after the swap.</summary>
    ValueTask FinishAsync(IIndexWriter index, CancellationToken cancellation);

    /// <summary>
    /// The index that serves, if it is unfinished and nobody is at work on it any more: what was written into the one before it, at the moment of the swap, may be missing. Its
    /// position is the one that it had then. Null otherwise, and where an index keeps its position itself and is followed from there.
    /// </summary>
    ValueTask<IIndexWriter?> GetUnfinishedAsync(CancellationToken cancellation);
}

/// <summary>Events that could not be put into the index, kept until they are replayed.</summary>
public interface IDeadLetters
{
    /// <summary>Keeps a dead letter. One for the same position replaces it.</summary>
    ValueTask AddAsync(DeadLetter letter, CancellationToken cancellation);

    /// <summary>The dead letters after a position, in order.</summary>
    ValueTask<IReadOnlyList<DeadLetter>> ReadAsync(long after, int limit, CancellationToken cancellation);

    /// <summary>Drops a dead letter.</summary>
    ValueTask RemoveAsync(long position, CancellationToken cancellation);
}

/// <summary>An event that could not be put into the index.</summary>
/// <param name="Position">Its place in the log.</param>
/// <param name="Body">The event as it stands there.</param>
/// <param name="Reason">Why, for people.</param>
/// <param name="Time">When it was set aside.</param>
public sealed record DeadLetter(long Position, ReadOnlyMemory<byte> Body, string Reason, DateTimeOffset Time);
