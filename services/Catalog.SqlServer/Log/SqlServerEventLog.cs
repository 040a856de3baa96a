using Catalog.Projections;
using Dapper;

namespace Catalog.SqlServer.Log;

/// <summary>The event log in the command database.</summary>
internal sealed class SqlServerEventLog(SqlServerDatabase database, LogTail tail) : IEventLog
{
    public async ValueTask<LogBounds> GetBoundsAsync(CancellationToken cancellation)
    {
        var (logId, trimmed, head) = await tail.ReadBoundsAsync(cancellation);
        return new LogBounds(logId, trimmed, head);
    }

    public async ValueTask<IReadOnlyList<LoggedEvent>> ReadAsync(long after, int limit, CancellationToken cancellation) =>
        (await tail.ReadAsync(after, limit, cancellation)).ConvertAll(row => new LoggedEvent(row.Position, row.Body));

    public Task WaitAsync(long after, CancellationToken cancellation) => tail.WaitAsync(after, cancellation);

    public async Task RenewAsync(CancellationToken cancellation)
    {
        var log = new DbString { Value = Guid.NewGuid().ToString("n"), IsAnsi = true, IsFixedLength = true, Length = 32 };
        await database.RunAsync(connection => connection.ExecuteAsync(new CommandDefinition(database.Statements.RenewLog, new { log }, cancellationToken: cancellation)), cancellation);
        tail.Advance();
    }
}
