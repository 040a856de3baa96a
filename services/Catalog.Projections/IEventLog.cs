namespace Catalog.Projections;

/// <summary>The event log as a reader sees it: every committed event, in commit order, without holes.</summary>
public interface IEventLog
{
    /// <summary>Where the log begins and ends now.</summary>
    ValueTask<LogBounds> GetBoundsAsync(CancellationToken cancellation);

    /// <summary>The next events after a position, in order: at most <paramref name="limit"/>, fewer where they are large, none only at the end of the log.</summary>
    ValueTask<IReadOnlyList<LoggedEvent>> ReadAsync(long after, int limit, CancellationToken cancellation);

    /// <summary>Completes when there may be events after a position.</summary>
    Task WaitAsync(long after, CancellationToken cancellation);

    /// <summary>
    /// Gives the log another id, because its database was restored from a backup: positions, tokens and indices of the lost future are void from then on (G12).
    /// So is the lease that a relay held when the backup was made.
    /// </summary>
    Task RenewAsync(CancellationToken cancellation);
}

/// <summary>Where a log begins and ends.</summary>
/// <param name="LogId">The log's id. A restored database gets another one.</param>
/// <param name="Trimmed">Every event up to this position was removed; 0 if none was.</param>
/// <param name="Head">The position of the newest event, or <paramref name="Trimmed"/> if there is none.</param>
public readonly record struct LogBounds(string LogId, long Trimmed, long Head);

/// <summary>One event as it stands in the log.</summary>
/// <param name="Position">Its place.</param>
/// <param name="Body">The serialised <see cref="V1.ProductEvent"/>, without its position.</param>
public readonly record struct LoggedEvent(long Position, ReadOnlyMemory<byte> Body);
