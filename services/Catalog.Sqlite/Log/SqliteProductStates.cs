using Catalog.Projections;

namespace Catalog.Sqlite;

/// <summary>The products in the command database, for building an index anew.</summary>
public sealed class SqliteProductStates(SqliteCommandDatabase database) : IProductStates
{
    /// <inheritdoc />
    public ValueTask<IReadOnlyList<ProductState>> ReadAsync(long after, int limit, CancellationToken cancellation) =>
        ValueTask.FromResult(database.Log.Read("SELECT key, body FROM products WHERE key > ?1 ORDER BY key LIMIT ?2", after, limit,
            row => new ProductState(row.Long(0), row.Blob(1).ToArray()), product => product.Body.Length));
}
