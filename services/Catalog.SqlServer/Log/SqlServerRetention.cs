using System.Data;
using Catalog.Commands.Relaying;
using Dapper;

namespace Catalog.SqlServer.Log;

/// <summary>Removes old events that every reader has passed, and old receipts, in batches so small that no lock ever grows to the whole table.</summary>
internal sealed class SqlServerRetention(SqlServerDatabase database, TimeProvider time) : IRetention
{
    private const int Batch = 500;

    public async Task<(int Events, int Receipts)> RunAsync(long passed, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        return (await RepeatAsync(database.Statements.TrimEvents, passed, now - database.Options.EventRetention, cancellation),
            await RepeatAsync(database.Statements.TrimReceipts, passed: null, now - database.Options.ReceiptRetention, cancellation));
    }

    private async Task<int> RepeatAsync(string trim, long? passed, DateTimeOffset before, CancellationToken cancellation)
    {
        var parameters = new DynamicParameters();
        parameters.Add("limit", Batch, DbType.Int32);
        parameters.Add("before", before.UtcDateTime, DbType.DateTime2);
        parameters.Add("unlikely", time.GetUtcNow().AddDays(1).UtcDateTime, DbType.DateTime2);
        if (passed is not null) parameters.Add("passed", passed, DbType.Int64);
        for (var total = 0; ;)
        {
            var removed = await database.RunAsync(connection => connection.ExecuteScalarAsync<int>(new CommandDefinition(trim, parameters, cancellationToken: cancellation)), cancellation);
            total += removed;
            if (removed < Batch) return total;
        }
    }
}
