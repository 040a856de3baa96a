using Catalog.Commands.Relaying;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Catalog.Sqlite;

/// <summary>
/// Removes what nobody needs any more, in batches so small that no command waits noticeably: events that are old and that every reader has passed, and old receipts.
/// </summary>
public sealed class Retention(SqliteCommandDatabase database, TimeProvider time) : IRetention
{
    private const int Batch = 500;
    private static readonly TimeSpan Unlikely = TimeSpan.FromDays(1);

    /// <summary>Removes everything that is due now.</summary>
    /// <param name="passed">The position that every reader of the log has passed.</param>
    /// <param name="cancellation">Ends it between two batches.</param>
    /// <returns>How many events and receipts were removed.</returns>
    public async Task<(int Events, int Receipts)> RunAsync(long passed, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var events = await RepeatAsync(c => TrimEvents(c, passed, now - database.Options.EventRetention, now + Unlikely), cancellation);
        var receipts = await RepeatAsync(c => TrimReceipts(c, now - database.Options.ReceiptRetention), cancellation);
        return (events, receipts);
    }

    private async Task<int> RepeatAsync(Func<SqliteConnection, int> trim, CancellationToken cancellation)
    {
        for (var total = 0; ;)
        {
            cancellation.ThrowIfCancellationRequested();
            var removed = 0;
            await database.RunAsync(connection => removed = trim(connection));
            total += removed;
            if (removed < Batch) return total;
        }
    }

    // The oldest first, and never past one that must stay: what is left of the log is always its end, without holes.
    // A time that is far ahead is that of a clock which was wrong once, and keeps nothing.
    private static int TrimEvents(SqliteConnection connection, long passed, DateTimeOffset before, DateTimeOffset unlikely)
    {
        var last = connection.QuerySingle<long?>(
            """
            SELECT max(position) FROM (SELECT position FROM events ORDER BY position LIMIT $Batch)
            WHERE position <= $passed AND position < ifnull((SELECT min(position) FROM (SELECT position, occurred FROM events ORDER BY position LIMIT $Batch) WHERE occurred >= $before AND occurred < $unlikely), 9223372036854775807)
            """, new { Batch, passed, before = before.UtcTicks, unlikely = unlikely.UtcTicks });
        if (last is null) return 0;
        connection.Execute("UPDATE log SET trimmed = $last", new { last });
        return connection.Execute("DELETE FROM events WHERE position <= $last", new { last });
    }

    private static int TrimReceipts(SqliteConnection connection, DateTimeOffset before) => connection.Execute(
        """
        DELETE FROM receipts WHERE (caller, request_id) IN (SELECT caller, request_id FROM receipts WHERE commit_time < $before ORDER BY commit_time LIMIT $Batch)
        """, new { Batch, before = before.UtcTicks });
}
