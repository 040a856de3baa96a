using Microsoft.Data.SqlClient;
using Microsoft.Extensions.Logging;

namespace Catalog.SqlServer.Commands;

/// <summary>Tries again what the database fails at for the moment: deadlocks, failovers, lost connections. Each attempt must find out first what the one before did.</summary>
internal sealed partial class Retries(SqlServerDatabase database, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(50), Longest = TimeSpan.FromSeconds(2);

    // Who waits behind the gateway has an answer before that gives up, and those who wait for their turn are not kept from it for long.
    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(8);

    /// <param name="attempt">Runs on a connection of its own.</param>
    /// <param name="cancellation">Nothing is begun after it fires; what was begun is finished.</param>
    /// <exception cref="OperationCanceledException">Cancelled before the first attempt.</exception>
    public async Task<T> RunAsync<T>(Func<SqlConnection, Task<T>> attempt, CancellationToken cancellation)
    {
        var begun = time.GetTimestamp();
        for (var tried = 1; ; tried++)
        {
            try
            {
                // Once something may have been written, its outcome is to be found out even if nobody waits for it any more.
                var connection = await database.OpenAsync(tried == 1 ? cancellation : CancellationToken.None);
                return await RunOnceAsync(attempt, connection);
            }
            catch (Exception e) when (tried < database.Options.MaxAttempts && time.GetElapsedTime(begun) < Enough && !cancellation.IsCancellationRequested && e.IsTransient())
            {
                if (e.IsOnCopy()) database.Leave();
                Again(log, e.Message, tried, database.Options.MaxAttempts);
            }
            await Task.Delay(Pause(tried), time, CancellationToken.None);
        }
    }

    /// <summary>The driver waits for an answer as long as it may, but has no limit for sending: a peer that takes nothing keeps a large group for a quarter of an hour.</summary>
    private async Task<T> RunOnceAsync<T>(Func<SqlConnection, Task<T>> attempt, SqlConnection connection)
    {
        var running = attempt(connection);
        try
        {
            return await running.WaitAsync(database.StepLimit, time, CancellationToken.None);
        }
        finally
        {
            if (running.IsCompleted) await connection.DisposeAsync();
            else SqlServerDatabase.Abandon(running, connection);
        }
    }

    // With jitter, so that the writers that met once do not meet again.
    private static TimeSpan Pause(int tried)
    {
        var pause = First * Math.Pow(2, tried - 1);
        return (pause < Longest ? pause : Longest) * (0.5 + Random.Shared.NextDouble());
    }

    [LoggerMessage(1, LogLevel.Warning, "Attempt {Attempt} of {Attempts} failed and is repeated: {Reason}")]
    private static partial void Again(ILogger logger, string reason, int attempt, int attempts);
}
