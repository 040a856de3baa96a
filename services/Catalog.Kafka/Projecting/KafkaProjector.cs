using Catalog.Projections;
using Confluent.Kafka;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Catalog.Kafka.Projecting;

/// <summary>
/// The projector: reads the topic as a member of a consumer group and keeps the index in step with it. At least once, in batches; offsets are committed only after the index
/// took the events (G2), and what it drops as not newer makes repetitions harmless (G3).
/// </summary>
public sealed partial class KafkaProjector : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private readonly KafkaClients _clients;
    private readonly TopicAdmin _admin;
    private readonly KafkaOptions _options;
    private readonly IIndexSet _indexes;
    private readonly BatchProjection _projection;
    private readonly ProjectorStatus _status;
    private readonly KafkaProjectorMetrics _metrics;
    private readonly ILogger<KafkaProjector> _logger;
    private volatile GroupConsumer? _consumer;

    internal KafkaProjector(
        KafkaClients clients, TopicAdmin admin, KafkaOptions options, IIndexSet indexes, BatchProjection projection, ProjectorStatus status, KafkaProjectorMetrics metrics, ILogger<KafkaProjector> logger)
    {
        (_clients, _admin, _options, _indexes, _projection, _status, _metrics, _logger) = (clients, admin, options, indexes, projection, status, metrics, logger);
    }

    /// <summary>The partitions that it holds now.</summary>
    public IReadOnlyList<int> Partitions => _consumer?.Partitions ?? [];

    /// <inheritdoc />
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        // Polling blocks; it gets a thread of its own.
        Task.Factory.StartNew(() => Run(stoppingToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default),
        _status.RunAsync(() => _projection.InHand, stoppingToken));

    private void Run(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                using var consumer = new GroupConsumer(_clients, _options, _logger);
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
                Failed(_logger, e);
                stopping.WaitHandle.WaitOne(Pause);
            }
        }
    }

    private void Follow(GroupConsumer consumer, CancellationToken stopping)
    {
        var placement = new PartitionPlacement(consumer, _clients, _admin, _options, _indexes, _metrics, _logger);
        while (!stopping.IsCancellationRequested)
        {
            var messages = consumer.Collect();
            if (messages.Count > 0)
            {
                consumer.Attend(_projection.ProjectAsync(messages, stopping));
                consumer.Passed(messages);
            }
            consumer.Commit(now: messages.Count > 0);
            placement.Resolve();
        }
    }

    [LoggerMessage(20, LogLevel.Error, "The projector failed and starts again")]
    private static partial void Failed(ILogger logger, Exception error);
}
