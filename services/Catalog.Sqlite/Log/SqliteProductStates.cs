using Catalog.Projections;
using Catalog.V1;

namespace Catalog.Sqlite;

/// <summary>The products in the command database, for building an index anew.</summary>
public sealed class SqliteProductStates(string path) : IProductStates, IDisposable
{
    private readonly ConnectionPool _readers = new(path);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<(long Key, Product Product)>> ReadAsync(long after, int limit, CancellationToken cancellation)
    {
        var reader = _readers.Rent();
        try
        {
            var products = new List<(long, Product)>();
            using var rows = reader.Prepare("SELECT key, body FROM products WHERE key > $1 ORDER BY key LIMIT $2", after, limit).ExecuteReader();
            while (rows.Read()) products.Add((rows.GetInt64(0), Product.Parser.ParseFrom(rows.GetFieldValue<byte[]>(1))));
            return ValueTask.FromResult<IReadOnlyList<(long, Product)>>(products);
        }
        finally
        {
            _readers.Return(reader);
        }
    }

    /// <inheritdoc />
    public void Dispose() => _readers.Dispose();
}
