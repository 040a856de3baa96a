using Catalog.SqlServer.Sql;
using Dapper;

namespace Catalog.SqlServer.Log;

/// <summary>
/// Reads the event log, what is committed, in commit order, without holes; and tells when it has grown: at once after a commit of this process, by asking the database after one
/// elsewhere.
/// </summary>
internal sealed class LogTail(SqlServerDatabase database, TimeProvider time)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    private readonly Statements _sql = database.Statements;
    private volatile TaskCompletionSource _advanced = New();

    /// <summary>Wakes who waits: there was a commit.</summary>
    public void Advance() => Interlocked.Exchange(ref _advanced, New()).SetResult();

    /// <summary>Completes when there may be events after a position.</summary>
    public async Task WaitAsync(long after, CancellationToken cancellation)
    {
        while (true)
        {
            // Taken before the database is asked, so that a commit between the two is noticed. One that another transaction still hides is found by asking again.
            var advanced = _advanced.Task;
            if ((await ReadBoundsAsync(cancellation)).Head > after) return;
            await Task.WhenAny(advanced, Task.Delay(Poll, time, cancellation));
            cancellation.ThrowIfCancellationRequested();
            if (advanced.IsCompleted) return;
        }
    }

    /// <summary>The next events after a position.</summary>
    public Task<List<Row>> ReadAsync(long after, int limit, CancellationToken cancellation) => database.RunAsync(
        async connection => (await connection.QueryAsync<Row>(new CommandDefinition(_sql.ReadEvents, new { after, limit }, cancellationToken: cancellation))).AsList(),
        cancellation);

    /// <summary>Where the log begins and ends.</summary>
    public Task<(string LogId, long Trimmed, long Head)> ReadBoundsAsync(CancellationToken cancellation) => database.RunAsync(
        connection => connection.QuerySingleAsync<(string, long, long)>(new CommandDefinition(_sql.ReadBounds, cancellationToken: cancellation)), cancellation);

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>An event as it stands in the table.</summary>
    internal sealed record Row(long Position, DateTime Occurred, string? Trace_Parent, byte[] Body);
}
