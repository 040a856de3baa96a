using System.Diagnostics;
using Catalog.Projections;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Logging;

namespace Catalog.Kafka.Projecting;

/// <summary>
/// The verb <c>replay-dead-letters</c>: projects what was set aside straight into the index, and never writes the main topic (G9). A product that has moved on since is left as
/// it is (G3).
/// </summary>
internal sealed partial class KafkaDeadLetterReplay(
    KafkaClients clients, KafkaOptions options, TopicAdmin admin, DeadLetterTopic deadLetters, IIndexSet indexes, ILogger<KafkaDeadLetterReplay> logger)
{
    private const int Batch = 200;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>Replays every dead letter that there is now, once.</summary>
    /// <returns>How many are in the index now, and how many had to stay.</returns>
    /// <exception cref="IndexLostException">There is no index to write into.</exception>
    public async Task<(int Replayed, int Left)> RunAsync(CancellationToken cancellation)
    {
        var topic = options.DeadLetterTopic;
        var partitions = await admin.GetPartitionsAsync(topic, cancellation);
        var committed = await admin.GetCommittedAsync(options.ReplayGroup, topic, partitions, cancellation);
        var begins = await admin.GetOffsetsAsync(topic, partitions, OffsetSpec.Earliest(), cancellation);
        // What stays is written behind these ends, and waits there for the next replay.
        var ends = await admin.GetOffsetsAsync(topic, partitions, OffsetSpec.Latest(), cancellation);
        var places = partitions.ToDictionary(p => p, p => Math.Max(begins[p], committed[p] ?? 0));

        var (replayed, left) = (0, 0);
        using var consumer = clients.Consumer("replay", options.ReplayGroup, null, _ => { });
        consumer.Assign(places.Where(p => p.Value < ends[p.Key]).Select(p => new TopicPartitionOffset(topic, p.Key, p.Value)));
        while (places.Any(p => p.Value < ends[p.Key]))
        {
            var letters = Read(consumer, places, ends, cancellation);
            var (done, stay) = await ReplayAsync(letters, cancellation);
            (replayed, left) = (replayed + done, left + stay);
            if (letters.Count > 0) await Task.Run(() => consumer.Commit(places.Select(p => new TopicPartitionOffset(topic, p.Key, p.Value))), cancellation);
        }
        return (replayed, left);
    }

    private static List<ConsumeResult<byte[], byte[]>> Read(IConsumer<byte[], byte[]> consumer, Dictionary<int, long> places, Dictionary<int, long> ends, CancellationToken cancellation)
    {
        var letters = new List<ConsumeResult<byte[], byte[]>>();
        var waited = Stopwatch.StartNew();
        while (letters.Count < Batch && places.Any(p => p.Value < ends[p.Key]))
        {
            cancellation.ThrowIfCancellationRequested();
            if (consumer.Consume(TimeSpan.FromMilliseconds(200)) is not { } letter)
            {
                if (letters.Count > 0) break;
                if (waited.Elapsed > Limit) throw new KafkaException(new Error(ErrorCode.Local_TimedOut, "The queue does not answer. What was replayed so far is done; run it again."));
                continue;
            }
            if (letter.Offset < ends[letter.Partition]) letters.Add(letter);
            places[letter.Partition] = Math.Min(letter.Offset + 1, ends[letter.Partition]);
        }
        return letters;
    }

    private async Task<(int Replayed, int Left)> ReplayAsync(List<ConsumeResult<byte[], byte[]>> letters, CancellationToken cancellation)
    {
        var index = await indexes.GetCurrentAsync(cancellation) ?? throw new IndexLostException("There is no index now; it is being built, with everything that can be in it.");
        var (replayed, left) = (0, 0);
        foreach (var letter in letters)
        {
            string? reason = null;
            if (!EventMessage.TryRead(letter.Message, out var happened, out var fault)) reason = fault;
            else if (happened.LogId != index.LogId)
            {
                OtherLog(logger, happened.Name, happened.LogId, index.LogId);
                continue;
            }
            else if ((await index.WriteAsync([happened.Product], cancellation)).Rejected is [var rejected]) reason = rejected.Reason;
            if (reason is null) replayed++;
            else
            {
                await deadLetters.AddAsync(letter, reason, cancellation);
                left++;
            }
        }
        return (replayed, left);
    }

    [LoggerMessage(1, LogLevel.Warning, "Dropped a dead letter of {Name}: it is of the event log {LogId}, and the index follows {Current}")]
    private static partial void OtherLog(ILogger logger, string name, string logId, string current);
}
