using Catalog.Commands;
using Catalog.Commands.Relaying;
using Catalog.Sqlite.Sql;
using Catalog.V1;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Catalog.Sqlite;

/// <summary>The command database as the relay uses it. Its clock is the machine's, which everyone who shares the file has in common.</summary>
public sealed class SqliteOutbox(SqliteCommandDatabase database) : IOutbox
{
    private const string Now = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";

    // No lease lasts ten minutes. One that seems to was taken while the clock was wrong, and would keep everybody away.
    private const string Unlikely = "600000";

    /// <inheritdoc />
    public async ValueTask<RelayLease?> TryAcquireAsync(string owner, TimeSpan duration, CancellationToken cancellation)
    {
        var epoch = await WriteAsync(connection => connection.QuerySingleOrDefault<long?>(
            $"UPDATE relay SET epoch = epoch + 1, owner = $owner, expires = {Now} + $duration WHERE expires <= {Now} OR expires > {Now} + {Unlikely} RETURNING epoch",
            new { owner, duration = (long)duration.TotalMilliseconds }));
        return epoch is { } taken ? await RelayLease.BeginAsync(this, taken, cancellation) : null;
    }

    /// <inheritdoc />
    public async ValueTask<bool> RenewAsync(long epoch, TimeSpan duration, CancellationToken cancellation) => await WriteAsync(connection =>
        connection.Execute($"UPDATE relay SET expires = {Now} + $duration WHERE epoch = $epoch AND expires > 0", new { epoch, duration = (long)duration.TotalMilliseconds })) > 0;

    /// <inheritdoc />
    public async ValueTask ReleaseAsync(long epoch, CancellationToken cancellation) =>
        await WriteAsync(connection => connection.Execute("UPDATE relay SET expires = 0, owner = NULL WHERE epoch = $epoch", new { epoch }));

    /// <inheritdoc />
    public ValueTask<OutboxState> GetStateAsync(CancellationToken cancellation) => ValueTask.FromResult(database.Log.Readers.Read(
        """
        SELECT log.id, ifnull((SELECT max(position) FROM events), log.trimmed), max(relay.published, log.trimmed), max(relay.indexed, log.trimmed), direct_sync_since,
            (SELECT count(*) FROM dead_events), topic
        FROM log, relay
        """, [], row =>
        {
            row.Step();
            return new OutboxState(row.Text(0), row.Long(1), row.Long(2), row.Long(3), row.IsNull(4) ? null : Time(row.Long(4)), row.Long(5), TopicId: row.IsNull(6) ? null : row.Text(6));
        }));

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<OutboxEvent>> ReadAsync(long after, int limit, CancellationToken cancellation) => ValueTask.FromResult(
        database.Log.Read("SELECT position, occurred, trace_parent, body FROM events WHERE position > ?1 ORDER BY position LIMIT ?2", after, limit,
            row => new OutboxEvent(row.Long(0), Time(row.Long(1)), row.IsNull(2) ? null : row.Text(2), row.Blob(3).ToArray()), read => read.Body.Length));

    /// <inheritdoc />
    public Task WaitAsync(long after, CancellationToken cancellation) => database.Log.WaitAsync(after, cancellation);

    /// <inheritdoc />
    public async ValueTask<bool> SavePublishedAsync(long epoch, long published, CancellationToken cancellation) => await WriteAsync(connection =>
        connection.Execute("UPDATE relay SET published = $published WHERE epoch = $epoch", new { epoch, published })) > 0;

    /// <inheritdoc />
    public async ValueTask<bool> SaveIndexedAsync(long epoch, long indexed, DateTimeOffset? directSyncSince, string? topicId, CancellationToken cancellation) => await WriteAsync(connection =>
        connection.Execute(
            "UPDATE relay SET indexed = $indexed, direct_sync_since = $since, topic = $topicId WHERE epoch = $epoch", new { epoch, indexed, since = directSyncSince?.UtcTicks, topicId })) > 0;

    /// <inheritdoc />
    public async ValueTask SetAsideAsync(DeadEvent dead, CancellationToken cancellation) => await WriteAsync(connection => connection.Execute(
        "INSERT OR REPLACE INTO dead_events (position, trace_parent, body, reason, time) VALUES ($Position, $TraceParent, $body, $Reason, $time)",
        new { dead.Position, dead.TraceParent, body = dead.Body.ToArray(), dead.Reason, time = dead.Time.UtcTicks }));

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<DeadEvent>> ReadDeadAsync(long after, int limit, CancellationToken cancellation) => ValueTask.FromResult(
        database.Log.Read("SELECT position, trace_parent, body, reason, time FROM dead_events WHERE position > ?1 ORDER BY position LIMIT ?2", after, limit,
            row => new DeadEvent(row.Long(0), row.IsNull(1) ? null : row.Text(1), row.Blob(2).ToArray(), row.Text(3), Time(row.Long(4))), dead => dead.Body.Length));

    /// <inheritdoc />
    public async ValueTask RemoveDeadAsync(long position, CancellationToken cancellation) =>
        await WriteAsync(connection => connection.Execute("DELETE FROM dead_events WHERE position = $position", new { position }));

    private async Task<T> WriteAsync<T>(Func<SqliteConnection, T> write)
    {
        T? result = default;
        await database.RunAsync(connection => result = write(connection));
        return result!;
    }

    private static DateTimeOffset Time(long ticks) => new(ticks, TimeSpan.Zero);
}
