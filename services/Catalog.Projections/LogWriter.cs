using Microsoft.Extensions.Logging;

namespace Catalog.Projections;

/// <summary>
/// Writes the event log, from a position on, into an index: the projector of the standalone process, the direct sync while the queue is away, and the catch-up of a rebuild.
/// </summary>
/// <remarks>At least once, in batches, the newest version of each product only; the index drops what is not newer (G3), so a repetition after a crash is harmless.</remarks>
public sealed partial class LogWriter(IEventLog log, IDeadLetters deadLetters, TimeProvider time, ProjectionMetrics metrics, ILogger<LogWriter> logger)
{
    private const int Batch = 1000;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50), LongestPause = TimeSpan.FromSeconds(2);

    /// <summary>Follows the log until it is cancelled. Failures of the index are retried with growing pauses, and nothing is skipped.</summary>
    /// <param name="index">The index that is written.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <param name="setAsideUntil">Events after this position that the index will never take are not set aside here: they come to it by another way too, and are set aside there.</param>
    public async Task FollowAsync(IIndexWriter index, CancellationToken cancellation, long setAsideUntil = long.MaxValue)
    {
        var position = await index.GetPositionAsync(cancellation);
        while (true)
        {
            await log.WaitAsync(position, cancellation);
            var begun = time.GetTimestamp();
            var before = position;
            position = await AdvanceAsync(index, position, (logged, reason) => logged.Position <= setAsideUntil ? SetAsideAsync(logged, reason, cancellation) : default, cancellation);
            // A commit of the index costs as much as writing dozens of products, so under load events are let gather. A lone one is written at once.
            if (position - before < Batch && Pace - time.GetElapsedTime(begun) is { Ticks: > 0 } rest) await Task.Delay(rest, time, cancellation);
        }
    }

    /// <summary>Writes the log into the index up to a position.</summary>
    /// <exception cref="LogTrimmedException">Events that the index lacks were removed from the log.</exception>
    /// <exception cref="EventRefusedException">The index will never take an event, and <paramref name="allowMissing"/> is false.</exception>
    public async Task CatchUpAsync(IIndexWriter index, long until, bool allowMissing, CancellationToken cancellation)
    {
        for (var position = await index.GetPositionAsync(cancellation); position < until;)
        {
            var reached = await AdvanceAsync(
                index, position, (logged, reason) => allowMissing ? SetAsideAsync(logged, reason, cancellation) : throw new EventRefusedException(logged.Position, reason), cancellation);
            // Asked after the events were read: those that came were there then, and whatever is missing before them was trimmed by now.
            var trimmed = await PersistAsync(position, async () => (await log.GetBoundsAsync(cancellation)).Trimmed, cancellation);
            if (trimmed > position || reached == position) throw new LogTrimmedException(position);
            position = reached;
        }
    }

    private Task<long> AdvanceAsync(IIndexWriter index, long position, Func<LoggedEvent, string, ValueTask> refused, CancellationToken cancellation) => PersistAsync(position, async () =>
    {
        var events = await log.ReadAsync(position, Batch, cancellation);
        if (events.Count == 0) return position;
        await WriteAsync(index, events, refused, cancellation);
        await index.SavePositionAsync(events[^1].Position, cancellation);
        return events[^1].Position;
    }, cancellation);

    private async Task<long> PersistAsync(long position, Func<Task<long>> step, CancellationToken cancellation)
    {
        var pause = FirstPause;
        while (true)
        {
            try
            {
                return await step();
            }
            catch (Exception e) when (e is not (OperationCanceledException or IndexLostException or EventRefusedException))
            {
                metrics.CountRetry();
                Retrying(logger, e, position, pause);
                await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()), time, cancellation);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
    }

    private async Task WriteAsync(IIndexWriter index, IReadOnlyList<LoggedEvent> events, Func<LoggedEvent, string, ValueTask> refused, CancellationToken cancellation)
    {
        var batch = new EventBatch<LoggedEvent>();
        foreach (var logged in events)
        {
            if (EventBody.TryParse(logged, index.LogId, out var happened, out var fault)) batch.Add(happened, logged);
            else await refused(logged, fault);
        }
        foreach (var (logged, reason) in await batch.WriteAsync(index, cancellation)) await refused(logged, reason);
        metrics.CountProjected(events.Count, batch.Occurred, time.GetUtcNow());
    }

    private async ValueTask SetAsideAsync(LoggedEvent logged, string reason, CancellationToken cancellation)
    {
        await deadLetters.AddAsync(new DeadLetter(logged.Position, logged.Body, reason, time.GetUtcNow()), cancellation);
        metrics.CountDeadLetter();
        SetAside(logger, logged.Position, reason);
    }

    [LoggerMessage(1, LogLevel.Warning, "The index cannot take the events after position {Position}; trying again in {Pause}")]
    private static partial void Retrying(ILogger logger, Exception error, long position, TimeSpan pause);

    [LoggerMessage(2, LogLevel.Error, "The event at position {Position} was set aside: {Reason}")]
    private static partial void SetAside(ILogger logger, long position, string reason);
}

/// <summary>The log no longer holds events that an index still lacks, so that it cannot be brought up to date from it.</summary>
public sealed class LogTrimmedException(long position) : InvalidOperationException(
    $"While the index was built, events after position {position} were removed from the log that it lacks. Keep events for longer than a rebuild takes: CommandDatabase:EventRetention.");

/// <summary>An index that is being built will never take an event, and nothing may be missing in it.</summary>
public sealed class EventRefusedException(long position, string reason) : InvalidOperationException(
    $"The event at position {position} cannot be written into the new index: {reason} The old index goes on serving.");

/// <summary>The database was restored while an index was built, and follows another log now.</summary>
public sealed class LogRenewedException() : InvalidOperationException("While the index was built, the command database was restored. Run it again.");

/// <summary>The index that was written is gone or damaged; another one must be built.</summary>
public sealed class IndexLostException(string message, Exception? inner = null) : Exception(message, inner);
