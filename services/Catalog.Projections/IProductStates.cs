namespace Catalog.Projections;

/// <summary>The truth as the command database holds it now, for building an index anew.</summary>
public interface IProductStates
{
    /// <summary>
    /// The next products, tombstones included, in the order of a key that never changes; <paramref name="after"/> is the key of the last one before, 0 for the
    /// beginning. At most <paramref name="limit"/>, fewer where they are large, none only at the end.
    /// </summary>
    ValueTask<IReadOnlyList<ProductState>> ReadAsync(long after, int limit, CancellationToken cancellation);
}

/// <summary>One product as it stands in the command database.</summary>
/// <param name="Key">Its place in the order.</param>
/// <param name="Body">The serialised <see cref="V1.Product"/>, which can be damaged.</param>
public readonly record struct ProductState(long Key, ReadOnlyMemory<byte> Body);
