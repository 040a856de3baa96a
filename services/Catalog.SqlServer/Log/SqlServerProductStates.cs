using Catalog.Projections;
using Dapper;

namespace Catalog.SqlServer.Log;

/// <summary>The products in the command database, for building an index anew.</summary>
internal sealed class SqlServerProductStates(SqlServerDatabase database) : IProductStates
{
    public async ValueTask<IReadOnlyList<ProductState>> ReadAsync(long after, int limit, CancellationToken cancellation)
    {
        var rows = await database.RunAsync(connection => connection.QueryAsync<(long Key, byte[] Body)>(
            new CommandDefinition(database.Statements.ReadProducts, new { after, limit }, cancellationToken: cancellation)), cancellation);
        return rows.Select(row => new ProductState(row.Key, row.Body)).ToList();
    }
}
