using Catalog.Projections;
using Catalog.Sqlite.Sql;

namespace Catalog.Sqlite;

/// <summary>The products in the command database, for building an index anew.</summary>
public sealed class SqliteProductStates(string path) : IProductStates, IDisposable
{
    private const int MaxBytes = 4 * 1024 * 1024;

    private readonly ConnectionPool _readers = new(path);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<ProductState>> ReadAsync(long after, int limit, CancellationToken cancellation) =>
        ValueTask.FromResult(_readers.Read<IReadOnlyList<ProductState>>("SELECT key, body FROM products WHERE key > ?1 ORDER BY key LIMIT ?2", [after, limit], rows =>
        {
            var products = new List<ProductState>();
            for (var bytes = 0; bytes < MaxBytes && rows.Step(); bytes += products[^1].Body.Length) products.Add(new ProductState(rows.Long(0), rows.Blob(1).ToArray()));
            return products;
        }));

    /// <inheritdoc />
    public void Dispose() => _readers.Dispose();
}
