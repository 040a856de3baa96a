namespace Catalog.Projections;

/// <summary>
/// Where the relay and the projectors note once a second how far they are, beside the index, for the query services: those never look into the command database.
/// </summary>
public interface IStatusBoard
{
    /// <summary>Notes how far the relay is. One relay is active at a time; a report of a lower epoch than the one noted is dropped.</summary>
    ValueTask ReportAsync(RelayReport report, CancellationToken cancellation);

    /// <summary>Notes how far the projectors are, as one of them sees it.</summary>
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

/// <summary>How far the projectors are, whoever of them holds which partition, or none does.</summary>
/// <param name="Projector">Which one says it: its host's name.</param>
/// <param name="Lag">How many messages are not in the index yet.</param>
/// <param name="Oldest">Since when the oldest of them has been there, as far as this projector knows; null if there is none.</param>
/// <param name="DeadLetters">Dead letters that wait to be replayed.</param>
/// <param name="Time">When this was so.</param>
public sealed record ProjectorReport(string Projector, long Lag, DateTimeOffset? Oldest, long DeadLetters, DateTimeOffset Time);
