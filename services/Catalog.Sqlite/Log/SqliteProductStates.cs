using Catalog.Projections;
using Catalog.Sqlite.Sql;
using Catalog.V1;

namespace Catalog.Sqlite;

/// <summary>The products in the command database, for building an index anew.</summary>
public sealed class SqliteProductStates(string path) : IProductStates, IDisposable
{
    private readonly ConnectionPool _readers = new(path);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<(long Key, Product Product)>> ReadAsync(long after, int limit, CancellationToken cancellation) =>
        ValueTask.FromResult(_readers.Read<IReadOnlyList<(long, Product)>>("SELECT key, body FROM products WHERE key > ?1 ORDER BY key LIMIT ?2", [after, limit], rows =>
        {
            var products = new List<(long, Product)>();
            while (rows.Step()) products.Add((rows.Long(0), Product.Parser.ParseFrom(rows.Blob(1))));
            return products;
        }));

    /// <inheritdoc />
    public void Dispose() => _readers.Dispose();
}
