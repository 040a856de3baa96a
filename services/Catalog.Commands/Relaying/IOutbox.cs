namespace Catalog.Commands.Relaying;

/// <summary>
/// The command database as the relay uses it: the event log, the lease that one relay holds at a time, and how far it is. Adapters: SQLite, SQL Server.
/// </summary>
/// <remarks>
/// The lease is a row, taken and renewed by compare-and-set on the database's clock. Every change by a relay that was deposed meanwhile is refused by its epoch, and answers false.
/// Failures are <see cref="CommandStoreException"/>s.
/// </remarks>
public interface IOutbox
{
    /// <summary>Takes the lease if nobody holds it, with the next epoch; null if somebody does.</summary>
    ValueTask<RelayLease?> TryAcquireAsync(string owner, TimeSpan duration, CancellationToken cancellation);

    /// <summary>Holds the lease from now on for another <paramref name="duration"/>; false if it went to another relay.</summary>
    ValueTask<bool> RenewAsync(long epoch, TimeSpan duration, CancellationToken cancellation);

    /// <summary>Gives the lease back, so that another relay need not wait until it expires.</summary>
    ValueTask ReleaseAsync(long epoch, CancellationToken cancellation);

    /// <summary>The id of the log, its newest position, and how far the relay is.</summary>
    ValueTask<OutboxState> GetStateAsync(CancellationToken cancellation);

    /// <summary>The next events after a position, in commit order and without holes: at most <paramref name="limit"/>, fewer where they are large, none only at the end of the log.</summary>
    ValueTask<IReadOnlyList<OutboxEvent>> ReadAsync(long after, int limit, CancellationToken cancellation);

    /// <summary>Completes when there may be events after a position: at once after a commit in this process, within a fraction of a second after one elsewhere.</summary>
    Task WaitAsync(long after, CancellationToken cancellation);

    /// <summary>Notes the position up to which the broker acknowledged everything. False if the relay was deposed.</summary>
    ValueTask<bool> SavePublishedAsync(long epoch, long published, CancellationToken cancellation);

    /// <summary>
    /// Notes the position up to which everything is in the index, since when direct sync is on (null while it is off), and which topic the events after it are in (null while that is not known).
    /// False if the relay was deposed.
    /// </summary>
    ValueTask<bool> SaveIndexedAsync(long epoch, long indexed, DateTimeOffset? directSyncSince, string? topicId, CancellationToken cancellation);

    /// <summary>Sets an event aside that the broker will never take (G9). One for the same position replaces it.</summary>
    ValueTask SetAsideAsync(DeadEvent dead, CancellationToken cancellation);

    /// <summary>The events that were set aside after a position, in order.</summary>
    ValueTask<IReadOnlyList<DeadEvent>> ReadDeadAsync(long after, int limit, CancellationToken cancellation);

    /// <summary>Drops an event that was set aside.</summary>
    ValueTask RemoveDeadAsync(long position, CancellationToken cancellation);
}

/// <summary>The lease, as it was taken.</summary>
/// <param name="Epoch">Grows by one with every relay that takes it.</param>
/// <param name="State">How far the relay before was.</param>
public sealed record RelayLease(long Epoch, OutboxState State)
{
    /// <summary>The lease of an epoch that was taken a moment ago. Where the rest cannot be read, it is given back: nobody else could have it until it runs out.</summary>
    public static async ValueTask<RelayLease> BeginAsync(IOutbox outbox, long epoch, CancellationToken cancellation)
    {
        try
        {
            return new RelayLease(epoch, await outbox.GetStateAsync(cancellation));
        }
        catch
        {
            await outbox.ReleaseAsync(epoch, CancellationToken.None);
            throw;
        }
    }
}

/// <summary>How far the relay is.</summary>
/// <param name="LogId">The event log.</param>
/// <param name="Head">The position of the newest event that may be read; 0 if there never was one.</param>
/// <param name="Published">The position up to which the broker acknowledged everything.</param>
/// <param name="Indexed">The position up to which everything is known to be in the index: what the projectors were seen to have passed, or direct sync has written.</param>
/// <param name="DirectSyncSince">Since when direct sync is on: the index is fed from the event log because the queue cannot be reached, or is not caught up yet (G7). Null while it is off.</param>
/// <param name="DeadEvents">How many events were set aside.</param>
/// <param name="HeldSince">When the oldest event occurred that is committed and must not be read yet, because a transaction is open that may still commit one before it. Null if there is none.</param>
/// <param name="TopicId">The topic that the events after <paramref name="Indexed"/> were published to: where there is another one now, its readers may never have had them. Null if it is not known.</param>
public sealed record OutboxState(
    string LogId, long Head, long Published, long Indexed, DateTimeOffset? DirectSyncSince, long DeadEvents, DateTimeOffset? HeldSince = null, string? TopicId = null);

/// <summary>An event as it stands in the log.</summary>
/// <param name="Position">Its place.</param>
/// <param name="Occurred">When the command was decided.</param>
/// <param name="TraceParent">W3C trace context of the command; null if it had none.</param>
/// <param name="Body">The serialised <see cref="V1.ProductEvent"/>, without its position and log id.</param>
public readonly record struct OutboxEvent(long Position, DateTimeOffset Occurred, string? TraceParent, ReadOnlyMemory<byte> Body);

/// <summary>An event that the broker will never take.</summary>
/// <param name="Position">Its place in the log.</param>
/// <param name="TraceParent">W3C trace context of the command; null if it had none.</param>
/// <param name="Body">The event as it stands there.</param>
/// <param name="Reason">Why, for people.</param>
/// <param name="Time">When it was set aside.</param>
public sealed record DeadEvent(long Position, string? TraceParent, ReadOnlyMemory<byte> Body, string Reason, DateTimeOffset Time);
