using Catalog.SqlServer.Sql;
using Dapper;

namespace Catalog.SqlServer.Log;

/// <summary>Reads the event log: what is committed, in commit order, without holes.</summary>
internal sealed class LogReader(SqlServerDatabase database)
{
    private readonly Statements _sql = database.Statements;

    /// <summary>The next events after a position.</summary>
    public Task<List<Row>> ReadAsync(long after, int limit, CancellationToken cancellation) => database.RunAsync(
        async connection => (await connection.QueryAsync<Row>(new CommandDefinition(_sql.ReadEvents, new { after, limit }, cancellationToken: cancellation))).AsList(),
        cancellation);

    /// <summary>An event as it stands in the table.</summary>
    internal sealed record Row(long Position, DateTime Occurred, string? Trace_Parent, byte[] Body);
}
