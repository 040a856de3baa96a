using System.Diagnostics;
using Catalog.Projections;
using Catalog.V1;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Catalog.Kafka.Projecting;

/// <summary>Puts batches of messages into the index, and what can never go there into the topic of dead letters. Tries until it is done (G2).</summary>
internal sealed partial class BatchProjection(
    IIndexSet indexes, DeadLetterTopic deadLetters, ProjectionMetrics metrics, KafkaProjectorMetrics kafkaMetrics, TimeProvider time, ILogger<BatchProjection> logger)
{
    private const int MaxLinks = 128;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50), LongestPause = TimeSpan.FromSeconds(2);

    private long _inHand;

    /// <summary>When the oldest event occurred of those that are being written; null if there are none.</summary>
    public DateTimeOffset? InHand => Interlocked.Read(ref _inHand) is > 0 and var ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    /// <summary>Returns once everything is in the index, skipped for a reason, or acknowledged as a dead letter. Only then may the offsets be committed.</summary>
    public async Task ProjectAsync(IReadOnlyList<ConsumeResult<byte[], byte[]>> messages, CancellationToken cancellation)
    {
        using var activity = Start(messages);
        var events = new List<(ProductEvent Event, ConsumeResult<byte[], byte[]> Message)>(messages.Count);
        var faulty = new List<(ConsumeResult<byte[], byte[]> Message, string Reason)>();
        foreach (var message in messages)
        {
            if (EventMessage.TryRead(message.Message, out var happened, out var fault)) events.Add((happened, message));
            else faulty.Add((message, fault));
        }
        Interlocked.Exchange(ref _inHand, events.Select(e => e.Event.OccurredTime).Where(t => t is not null).Select(t => t.ToDateTimeOffset().UtcTicks).DefaultIfEmpty().Min());
        var pause = FirstPause;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                // Asked anew each time, and after the batch was read: an event written into an index that was replaced meanwhile is covered by the rebuild, which reads the log to
                // its end after the swap.
                if (await indexes.GetCurrentAsync(cancellation) is { } index)
                {
                    await ProjectAsync(events, faulty, index, cancellation);
                    if (attempt > 1) GoesOn(logger, attempt);
                    Interlocked.Exchange(ref _inHand, 0);
                    return;
                }
                if (attempt == 1) NoIndex(logger);
            }
            catch (Exception e) when (!cancellation.IsCancellationRequested)
            {
                metrics.CountRetry();
                Retrying(logger, e, messages.Count, pause);
            }
            await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()), time, cancellation);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    private async Task ProjectAsync(
        List<(ProductEvent Event, ConsumeResult<byte[], byte[]> Message)> events, List<(ConsumeResult<byte[], byte[]> Message, string Reason)> faulty, IIndexWriter index, CancellationToken cancellation)
    {
        var batch = new EventBatch<ConsumeResult<byte[], byte[]>>();
        foreach (var (happened, message) in events)
            if (happened.LogId == index.LogId) batch.Add(happened, message);
        var rejected = await batch.WriteAsync(index, cancellation);
        // Last, so that an index that is away makes no letter twice.
        await Task.WhenAll(faulty.Concat(rejected).Select(letter => deadLetters.AddAsync(letter.Item1, letter.Item2, cancellation)));

        for (var i = 0; i < faulty.Count + rejected.Count; i++) metrics.CountDeadLetter();
        if (events.Count > batch.Count)
        {
            kafkaMetrics.CountOtherLog(events.Count - batch.Count);
            OtherLog(logger, events.Count - batch.Count, index.LogId);
        }
        metrics.CountProjected(batch.Count, batch.Occurred, time.GetUtcNow());
    }

    /// <summary>The trace goes on where the message came from; a batch of several has many such places, and links to them.</summary>
    private static Activity? Start(IReadOnlyList<ConsumeResult<byte[], byte[]>> messages)
    {
        if (!KafkaProjectorMetrics.Activities.HasListeners()) return null;
        var traces = messages.Select(m => EventMessage.Trace(m.Message.Headers)).Where(t => t != default).Take(MaxLinks).ToList();
        var activity = messages.Count == 1 && traces is [var parent]
            ? KafkaProjectorMetrics.Activities.StartActivity("project", ActivityKind.Consumer, parent)
            : KafkaProjectorMetrics.Activities.StartActivity("project", ActivityKind.Consumer, parentContext: default, links: traces.Select(t => new ActivityLink(t)));
        activity?.SetTag("messaging.system", "kafka").SetTag("messaging.operation.type", "process").SetTag("messaging.batch.message_count", messages.Count);
        return activity;
    }

    [LoggerMessage(1, LogLevel.Warning, "A batch of {Count} messages cannot be projected now; trying again in about {Pause}")]
    private static partial void Retrying(ILogger logger, Exception error, int count, TimeSpan pause);

    [LoggerMessage(2, LogLevel.Warning, "There is no index to write into; waiting for one: the verb \"rebuild\" makes it")]
    private static partial void NoIndex(ILogger logger);

    [LoggerMessage(3, LogLevel.Information, "The batch was projected at attempt {Attempt}")]
    private static partial void GoesOn(ILogger logger, int attempt);

    [LoggerMessage(4, LogLevel.Warning, "Skipped {Count} events of another event log than {LogId}, which the index follows")]
    private static partial void OtherLog(ILogger logger, int count, string logId);
}
