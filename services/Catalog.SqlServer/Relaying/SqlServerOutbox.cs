using System.Data;
using Catalog.Commands.Relaying;
using Catalog.SqlServer.Log;
using Catalog.SqlServer.Sql;
using Dapper;

namespace Catalog.SqlServer.Relaying;

/// <summary>The command database as the relay uses it.</summary>
internal sealed class SqlServerOutbox(SqlServerDatabase database, LogTail tail) : IOutbox
{
    private readonly Statements _sql = database.Statements;

    public async ValueTask<RelayLease?> TryAcquireAsync(string owner, TimeSpan duration, CancellationToken cancellation)
    {
        var holder = new DbString { Value = owner.Length <= 256 ? owner : owner[..256], Length = 256 };
        var epoch = await RunAsync((c, call) => c.ExecuteScalarAsync<long?>(call), _sql.AcquireLease, new { owner = holder, duration = Milliseconds(duration) }, CancellationToken.None);
        return epoch is { } taken ? await RelayLease.BeginAsync(this, taken, cancellation) : null;
    }

    public ValueTask<bool> RenewAsync(long epoch, TimeSpan duration, CancellationToken cancellation) =>
        ChangeAsync(_sql.RenewLease, new { epoch, duration = Milliseconds(duration) }, cancellation);

    public async ValueTask ReleaseAsync(long epoch, CancellationToken cancellation) => await ChangeAsync(_sql.ReleaseLease, new { epoch }, cancellation);

    public async ValueTask<OutboxState> GetStateAsync(CancellationToken cancellation)
    {
        var row = await RunAsync((c, call) => c.QuerySingleAsync<StateRow>(call), _sql.ReadRelay, null, cancellation);
        return new OutboxState(row.Log_Id, row.Head, row.Published, row.Indexed, row.Direct_Sync_Since is { } since ? Utc(since) : null, row.Dead_Events, row.Held_Since is { } held ? Utc(held) : null, row.Topic);
    }

    public async ValueTask<IReadOnlyList<OutboxEvent>> ReadAsync(long after, int limit, CancellationToken cancellation) =>
        (await tail.ReadAsync(after, limit, cancellation)).ConvertAll(row => new OutboxEvent(row.Position, Utc(row.Occurred), row.Trace_Parent, row.Body));

    public Task WaitAsync(long after, CancellationToken cancellation) => tail.WaitAsync(after, cancellation);

    public ValueTask<bool> SavePublishedAsync(long epoch, long published, CancellationToken cancellation) => ChangeAsync(_sql.SavePublished, new { epoch, published }, cancellation);

    public ValueTask<bool> SaveIndexedAsync(long epoch, long indexed, DateTimeOffset? directSyncSince, string? topicId, CancellationToken cancellation)
    {
        var parameters = new DynamicParameters();
        parameters.Add("epoch", epoch, DbType.Int64);
        parameters.Add("indexed", indexed, DbType.Int64);
        parameters.Add("since", directSyncSince?.UtcDateTime, DbType.DateTime2);
        parameters.Add("topic", topicId, DbType.AnsiString, size: 64);
        return ChangeAsync(_sql.SaveIndexed, parameters, cancellation);
    }

    public async ValueTask SetAsideAsync(DeadEvent dead, CancellationToken cancellation)
    {
        var parameters = new DynamicParameters();
        parameters.Add("position", dead.Position, DbType.Int64);
        parameters.Add("trace_parent", dead.TraceParent, DbType.AnsiString, size: 64);
        parameters.Add("body", dead.Body.ToArray(), DbType.Binary, size: -1);
        parameters.Add("reason", dead.Reason, DbType.String, size: -1);
        parameters.Add("set_aside", dead.Time.UtcDateTime, DbType.DateTime2);
        await ChangeAsync(_sql.SetAside, parameters, cancellation);
    }

    public async ValueTask<IReadOnlyList<DeadEvent>> ReadDeadAsync(long after, int limit, CancellationToken cancellation)
    {
        var rows = await RunAsync((c, call) => c.QueryAsync<DeadRow>(call), _sql.ReadDead, new { after, limit }, cancellation);
        return rows.Select(row => new DeadEvent(row.Position, row.Trace_Parent, row.Body, row.Reason, Utc(row.Set_Aside))).ToList();
    }

    public async ValueTask RemoveDeadAsync(long position, CancellationToken cancellation) => await ChangeAsync(_sql.RemoveDead, new { position }, cancellation);

    private async ValueTask<bool> ChangeAsync(string sql, object parameters, CancellationToken cancellation) =>
        await RunAsync((c, call) => c.ExecuteAsync(call), sql, parameters, cancellation) > 0;

    private Task<T> RunAsync<T>(Func<IDbConnection, CommandDefinition, Task<T>> run, string sql, object? parameters, CancellationToken cancellation) =>
        database.RunAsync(connection => run(connection, new CommandDefinition(sql, parameters, cancellationToken: cancellation)), cancellation);

    private static int Milliseconds(TimeSpan duration) => (int)duration.TotalMilliseconds;

    private static DateTimeOffset Utc(DateTime value) => new(value, TimeSpan.Zero);

    private sealed record StateRow(string Log_Id, long Head, long Published, long Indexed, DateTime? Direct_Sync_Since, long Dead_Events, DateTime? Held_Since, string? Topic);

    private sealed record DeadRow(long Position, string? Trace_Parent, byte[] Body, string Reason, DateTime Set_Aside);
}
