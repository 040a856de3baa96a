using Catalog.Commands.Relaying;
using Confluent.Kafka.Admin;

namespace Catalog.Kafka.Publishing;

/// <summary>Publishes events to the topic, and sees how far the projectors are.</summary>
internal sealed class KafkaPublisher(KafkaClients clients, KafkaOptions options, TopicAdmin admin) : IEventPublisher
{
    private long _suspects;

    /// <summary>
    /// Up to this position there may be an event that the broker refuses. It refuses whole batches, so from here on each event goes alone until it is found: then the others
    /// are not set aside with it.
    /// </summary>
    public long Suspects => Volatile.Read(ref _suspects);

    /// <summary>An event, or one that was in a batch with it, was refused.</summary>
    public void Suspect(long position)
    {
        for (var known = Suspects; position > known; known = Suspects)
            if (Interlocked.CompareExchange(ref _suspects, position, known) == known) return;
    }

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
        // Where nothing was ever committed, there must be nothing to commit.
        var begins = await admin.GetOffsetsAsync(options.Topic, end.Offsets.Keys.Where(p => committed[p] is null), OffsetSpec.Earliest(), cancellation);
        return begins.All(b => b.Value >= end.Offsets[b.Key]);
    }
}
