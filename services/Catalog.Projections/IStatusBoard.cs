namespace Catalog.Projections;

/// <summary>
/// Where the relay and the projectors note once a second how far they are, beside the index, for the query services: those never look into the command database.
/// </summary>
public interface IStatusBoard
{
    /// <summary>Notes how far the relay is. One relay is active at a time; a report of a lower epoch than the one noted is dropped.</summary>
    ValueTask ReportAsync(RelayReport report, CancellationToken cancellation);

    /// <summary>Notes how far one projector is.</summary>
    ValueTask ReportAsync(ProjectorReport report, CancellationToken cancellation);
}

/// <summary>How far the relay is.</summary>
/// <param name="LogId">The event log that it relays.</param>
/// <param name="Epoch">The epoch of its lease.</param>
/// <param name="Backlog">How many events are not published yet; while direct sync is on, how many are not in the index yet.</param>
/// <param name="Oldest">When the oldest of them occurred; null if there is none.</param>
/// <param name="DirectSync">Whether the index is fed from the event log, because the queue cannot be reached or is not caught up yet.</param>
/// <param name="Time">When this was so.</param>
public sealed record RelayReport(string LogId, long Epoch, long Backlog, DateTimeOffset? Oldest, bool DirectSync, DateTimeOffset Time);

/// <summary>How far one projector is with the partitions that it holds.</summary>
/// <param name="Projector">Its name: the host's.</param>
/// <param name="Lag">How many messages of its partitions are not in the index yet.</param>
/// <param name="Newest">When the newest event occurred that it wrote; null if it wrote none.</param>
/// <param name="DeadLetters">Dead letters that wait to be replayed.</param>
/// <param name="Time">When this was so.</param>
public sealed record ProjectorReport(string Projector, long Lag, DateTimeOffset? Newest, long DeadLetters, DateTimeOffset Time);
