using Catalog.Projections;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Catalog.Kafka.Projecting;

/// <summary>Says once a second how far this projector is. What it cannot find out it does not say: an old report counts as unknown.</summary>
internal sealed partial class ProjectorStatus(
    TopicAdmin admin, KafkaOptions options, IStatusBoard board, KafkaProjectorMetrics metrics, TimeProvider time, ILogger<ProjectorStatus> logger)
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1), Limit = TimeSpan.FromSeconds(10), DeadLettersEvery = TimeSpan.FromSeconds(5);

    private readonly string _name = Environment.MachineName;
    private long _deadLetters, _deadLettersRead;
    private bool _failing;

    /// <summary>Reports until it is cancelled.</summary>
    public async Task RunAsync(Func<IReadOnlyList<int>> partitions, Func<DateTimeOffset?> newest, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            limit.CancelAfter(Limit);
            try
            {
                await ReportAsync(partitions(), newest(), limit.Token);
                _failing = false;
            }
            catch (Exception e) when (!cancellation.IsCancellationRequested)
            {
                if (!_failing) Unknown(logger, e);
                _failing = true;
            }
            await Task.Delay(Every, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ReportAsync(IReadOnlyList<int> partitions, DateTimeOffset? newest, CancellationToken cancellation)
    {
        var lag = await admin.GetLagAsync(options.Group, options.Topic, partitions, cancellation);
        if (_deadLettersRead == 0 || time.GetElapsedTime(_deadLettersRead) >= DeadLettersEvery)
        {
            _deadLetters = await admin.DescribeAsync(options.DeadLetterTopic, cancellation) is { } topic
                ? await admin.GetLagAsync(options.ReplayGroup, options.DeadLetterTopic, topic.Partitions.Select(p => p.Partition).ToList(), cancellation)
                : 0;
            _deadLettersRead = time.GetTimestamp();
        }
        var now = time.GetUtcNow();
        metrics.SetLag(lag, lag > 0 && newest is { } occurred && occurred < now ? now - occurred : TimeSpan.Zero);
        metrics.SetDeadLetters(_deadLetters);
        await board.ReportAsync(new ProjectorReport(_name, lag, newest, _deadLetters, now), cancellation);
    }

    [LoggerMessage(1, LogLevel.Warning, "How far the projector is cannot be told now")]
    private static partial void Unknown(ILogger logger, Exception error);
}
