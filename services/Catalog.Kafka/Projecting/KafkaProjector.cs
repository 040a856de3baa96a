using Catalog.Projections;
using Confluent.Kafka;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Catalog.Kafka.Projecting;

/// <summary>
/// The projector: reads the topic as a member of a consumer group and keeps the index in step with it. At least once, in batches; offsets are committed only after the index
/// took the events (G2), and what it drops as not newer makes repetitions harmless (G3).
/// </summary>
internal sealed partial class KafkaProjector(
    KafkaClients clients, TopicAdmin admin, KafkaOptions options, IIndexSet indexes, BatchProjection projection, ProjectorStatus status, KafkaProjectorMetrics metrics,
    TimeProvider time, ILogger<KafkaProjector> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private volatile GroupConsumer? _consumer;

    /// <summary>The partitions that it holds now.</summary>
    public IReadOnlyList<int> Partitions => _consumer?.Partitions ?? [];

    /// <inheritdoc />
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        // Polling blocks; it gets a thread of its own.
        Task.Factory.StartNew(() => Run(stoppingToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default),
        status.RunAsync(() => projection.InHand, stoppingToken));

    private void Run(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                using var consumer = new GroupConsumer(clients, options, logger);
                _consumer = consumer;
                try
                {
                    Follow(consumer, stopping);
                }
                finally
                {
                    _consumer = null;
                }
            }
            catch (Exception) when (stopping.IsCancellationRequested) { }
            catch (Exception e)
            {
                Failed(logger, e);
                stopping.WaitHandle.WaitOne(Pause);
            }
        }
    }

    private void Follow(GroupConsumer consumer, CancellationToken stopping)
    {
        var placement = new PartitionPlacement(consumer, clients, admin, options, indexes, metrics, logger);
        var standstill = new Standstill(time);
        while (!stopping.IsCancellationRequested)
        {
            var messages = consumer.Collect();
            if (messages.Count > 0)
            {
                consumer.Attend(projection.ProjectAsync(messages, stopping));
                consumer.Passed(messages);
            }
            consumer.Commit(now: messages.Count > 0);
            placement.Resolve();
            // Who has none, as one whose client is dead, sees to all of them.
            if (standstill.Find(status.Passages, p => consumer.Partitions.Count == 0 || consumer.IsReading(p)) is { } partition)
                throw new KafkaException(new Error(ErrorCode.Local_TimedOut, $"The cluster has events in partition {partition}, and the group gets no further. The client is made anew."));
        }
    }

    [LoggerMessage(20, LogLevel.Error, "The projector failed and starts again")]
    private static partial void Failed(ILogger logger, Exception error);
}
