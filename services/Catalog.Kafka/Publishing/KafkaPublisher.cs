using Catalog.Commands.Relaying;
using Confluent.Kafka.Admin;

namespace Catalog.Kafka.Publishing;

/// <summary>Publishes events to the topic, and sees how far the projectors are.</summary>
internal sealed class KafkaPublisher(KafkaClients clients, KafkaOptions options, TopicAdmin admin) : IEventPublisher
{
    private readonly Lock _suspecting = new();
    private volatile Suspects? _suspects;

    /// <summary>
    /// Whether this may be an event that the broker refuses. It refuses whole batches, so from there on each event goes alone until it is found: then the others are not set
    /// aside with it.
    /// </summary>
    public bool IsSuspect(EventEnvelope published) => _suspects is { } known && known.LogId == published.LogId && published.Position <= known.UpTo;

    /// <summary>An event, or one that was in a batch with it, was refused.</summary>
    public void Suspect(string logId, long position)
    {
        lock (_suspecting)
        {
            // Positions of a log that was left by a restore mean nothing in the one that follows.
            if (_suspects is not { } known || known.LogId != logId || known.UpTo < position) _suspects = new Suspects(logId, position);
        }
    }

    private sealed record Suspects(string LogId, long UpTo);

    public IPublishSession Open(Action<PublishReport> report) => new PublishSession(this, clients, options, report);

    public async ValueTask<TopicEnd> GetEndAsync(CancellationToken cancellation)
    {
        var topic = await admin.GetTopicAsync(options.Topic, cancellation);
        return new TopicEnd(topic.TopicId.ToString(), await admin.GetOffsetsAsync(options.Topic, topic.Partitions.Select(p => p.Partition), OffsetSpec.Latest(), cancellation));
    }

    public async ValueTask<bool> HasPassedAsync(TopicEnd end, CancellationToken cancellation)
    {
        var committed = await admin.GetCommittedAsync(options.Group, options.Topic, end.Offsets.Keys, cancellation);
        if (end.Offsets.Any(e => committed[e.Key] < e.Value)) return false;
        // Offsets stay where a topic was made anew or lost its tail: whoever committed beyond its end reads nothing there.
        var beyond = committed.Where(c => c.Value > end.Offsets[c.Key]).ToList();
        var ends = await admin.GetOffsetsAsync(options.Topic, beyond.Select(c => c.Key), OffsetSpec.Latest(), cancellation);
        if (beyond.Any(c => c.Value > ends[c.Key])) return false;
        // Where nothing was ever committed, there must be nothing to commit.
        var begins = await admin.GetOffsetsAsync(options.Topic, end.Offsets.Keys.Where(p => committed[p] is null), OffsetSpec.Earliest(), cancellation);
        return begins.All(b => b.Value >= end.Offsets[b.Key]);
    }
}
