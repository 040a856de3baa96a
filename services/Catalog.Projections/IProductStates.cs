using Catalog.V1;

namespace Catalog.Projections;

/// <summary>The truth as the command database holds it now, for building an index anew.</summary>
public interface IProductStates
{
    /// <summary>
    /// The next products, tombstones included, in the order of a key that never changes; <paramref name="after"/> is the key of the last one before, 0 for the
    /// beginning. Empty at the end.
    /// </summary>
    ValueTask<IReadOnlyList<(long Key, Product Product)>> ReadAsync(long after, int limit, CancellationToken cancellation);
}
