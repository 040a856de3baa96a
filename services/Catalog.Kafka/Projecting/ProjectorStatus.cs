using Catalog.Kafka.Topics;
using Catalog.Projections;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Catalog.Kafka.Projecting;

/// <summary>
/// Says once a second how far the projectors are with the whole topic: a partition that nobody holds, because its projector died a moment ago, has nobody else to speak for it.
/// What cannot be found out is not said: an old report counts as unknown.
/// </summary>
internal sealed partial class ProjectorStatus(
    TopicAdmin admin, KafkaOptions options, IStatusBoard board, KafkaProjectorMetrics metrics, TimeProvider time, ILogger<ProjectorStatus> logger)
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1), Limit = TimeSpan.FromSeconds(10), DeadLettersEvery = TimeSpan.FromSeconds(5);

    private readonly string _name = Environment.MachineName;
    private readonly WaitingSince _waiting = new();
    private long _deadLetters, _deadLettersRead;
    private bool _failing, _checked;
    private volatile IReadOnlyDictionary<int, Passage>? _passages;

    /// <summary>How far the group was a moment ago; null while that is not known.</summary>
    public IReadOnlyDictionary<int, Passage>? Passages => _passages;

    /// <summary>Reports until it is cancelled.</summary>
    /// <param name="inHand">When the oldest event occurred that is being written; null if there is none.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task RunAsync(Func<DateTimeOffset?> inHand, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            limit.CancelAfter(Limit);
            try
            {
                await ReportAsync(inHand, limit.Token);
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

    private async Task ReportAsync(Func<DateTimeOffset?> inHand, CancellationToken cancellation)
    {
        var passages = await PassagesAsync(cancellation);
        await CheckTopicsAsync(cancellation);
        var now = time.GetUtcNow();
        var lag = passages.Values.Sum(p => p.Lag);
        var seen = _waiting.See(passages, now);
        // One that began a moment ago has not seen for how long they have waited, but the first of them say so.
        var oldest = seen is not null && inHand() is { } occurred && occurred < seen ? occurred : seen;
        metrics.Lag = (lag, oldest is { } since ? now - since : TimeSpan.Zero);
        if (_deadLettersRead == 0 || time.GetElapsedTime(_deadLettersRead) >= DeadLettersEvery)
        {
            _deadLetters = await admin.DescribeAsync(options.DeadLetterTopic, cancellation) is null
                ? 0
                : (await admin.GetPassagesAsync(options.ReplayGroup, options.DeadLetterTopic, cancellation)).Values.Sum(p => p.Lag);
            _deadLettersRead = time.GetTimestamp();
        }
        metrics.SetDeadLetters(_deadLetters);
        await board.ReportAsync(new ProjectorReport(_name, lag, oldest, _deadLetters, now), cancellation);
    }

    // Once: what the verb "topics" said when they were made, nobody may have read.
    private async Task CheckTopicsAsync(CancellationToken cancellation)
    {
        if (_checked) return;
        _checked = true;
        try
        {
            foreach (var finding in await KafkaTopics.CheckAsync(admin, options, cancellation)) Found(logger, finding);
        }
        catch (KafkaException e)
        {
            NotChecked(logger, e.Error.Reason);
        }
    }

    // That the board takes no report, as while the index takes no writes, does not make the lag unknown: it is when it matters.
    private async Task<Dictionary<int, Passage>> PassagesAsync(CancellationToken cancellation)
    {
        try
        {
            var passages = await admin.GetPassagesAsync(options.Group, options.Topic, cancellation);
            _passages = passages;
            return passages;
        }
        catch
        {
            _passages = null;
            metrics.Lag = null;
            throw;
        }
    }

    [LoggerMessage(2, LogLevel.Warning, "{Finding}")]
    private static partial void Found(ILogger logger, string finding);

    [LoggerMessage(3, LogLevel.Information, "Whether the topics are as they should be cannot be asked: {Reason}")]
    private static partial void NotChecked(ILogger logger, string reason);

    [LoggerMessage(1, LogLevel.Warning, "How far the projector is cannot be told now")]
    private static partial void Unknown(ILogger logger, Exception error);
}
