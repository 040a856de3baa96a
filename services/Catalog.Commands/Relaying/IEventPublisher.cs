namespace Catalog.Commands.Relaying;

/// <summary>The message queue as the relay uses it. Adapter: Kafka.</summary>
public interface IEventPublisher
{
    /// <summary>
    /// Opens a way to the queue, with a producer of its own. Succeeds also while the broker is away: events then wait in the session, up to its bound.
    /// </summary>
    /// <param name="report">Told what became of each event, on a thread of the session's, in publishing order within each product. Must be quick.</param>
    IPublishSession Open(Action<PublishReport> report);

    /// <summary>Where the topic ends now, for <see cref="HasPassedAsync"/>. Throws where the queue cannot be reached.</summary>
    ValueTask<TopicEnd> GetEndAsync(CancellationToken cancellation);

    /// <summary>Whether the projectors have committed everything before <paramref name="end"/>. Throws where the queue cannot be reached.</summary>
    ValueTask<bool> HasPassedAsync(TopicEnd end, CancellationToken cancellation);
}

/// <summary>One producer. Disposing it gives up what was not reported: the relay begins there again with the next one.</summary>
public interface IPublishSession : IAsyncDisposable
{
    /// <summary>Hands an event over; waits while the session holds as many unreported ones as it may. First appearances in a partition are in the order of the calls (G3).</summary>
    ValueTask PublishAsync(EventEnvelope published, CancellationToken cancellation);

    /// <summary>Returns once everything handed over is reported, or the time is up.</summary>
    ValueTask FlushAsync(TimeSpan limit, CancellationToken cancellation);
}

/// <summary>What became of an event.</summary>
/// <param name="Position">Which one.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="Reason">Why, where it was not taken.</param>
public readonly record struct PublishReport(long Position, PublishOutcome Outcome, string? Reason = null);

/// <summary>What may become of an event.</summary>
public enum PublishOutcome
{
    /// <summary>All in-sync replicas have it.</summary>
    Acknowledged,

    /// <summary>The broker will never take it: it is set aside, and the ones after it go on (G9).</summary>
    Refused,

    /// <summary>It is not known to be there, and the session is of no further use: open another one and go on from the first event that was not acknowledged.</summary>
    Broken,
}

/// <summary>Where each partition of the topic ended at a moment.</summary>
/// <param name="TopicId">Which topic: one that was made anew has another.</param>
/// <param name="Offsets">Partition → next offset.</param>
public sealed record TopicEnd(string TopicId, IReadOnlyDictionary<int, long> Offsets);
