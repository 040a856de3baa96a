using System.Diagnostics.Metrics;
using Catalog.Kafka.Projecting;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Catalog.Kafka.Watching;

/// <summary>Reads the end of the topic for all watchers of this process, without a group, and knows whether the queue is there.</summary>
internal sealed partial class SharedTail(KafkaClients clients, KafkaOptions options, TopicAdmin admin, Func<CancellationToken, ValueTask<string?>> logId, TimeProvider time, ILogger<SharedTail> logger)
    : BackgroundService
{
    // So much of the past is read at the start that watchers of a replica that was replaced find their place at once.
    private const int History = 10_000;
    private const int MaxTurn = 500;
    // So many checks in a row, two seconds apart, at which the cluster had more and nothing came.
    private const int MaxVain = 15;
    private static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(2), LateAfter = TimeSpan.FromSeconds(5), Pause = TimeSpan.FromSeconds(2);

    private readonly Meter _meter = new("Catalog.Queries");
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile ChangeWindow? _window;
    private volatile IReadOnlyDictionary<int, long> _begins = new Dictionary<int, long>(), _ends = new Dictionary<int, long>(), _endsBefore = new Dictionary<int, long>();
    private long _checked;
    private volatile bool _down = true, _failing;

    /// <summary>What it has read; null before the cluster was reached.</summary>
    public ChangeWindow? Window => _window;

    /// <summary>Completes when the cluster was reached.</summary>
    public Task Started => _started.Task;

    /// <summary>Where the partitions began at the last check: nothing before can be read any more.</summary>
    public IReadOnlyDictionary<int, long> Begins => _begins;

    /// <summary>The event log that the index follows, as it was asked last; null if it is not known.</summary>
    public string? LogId { get; private set; }

    /// <summary>Whether events may be late: the cluster does not answer, or what was there at the check before the last was not read yet.</summary>
    public bool IsLate => _down || time.GetElapsedTime(Volatile.Read(ref _checked)) > LateAfter || _window is not { } window || !window.HasReached(_endsBefore);

    /// <inheritdoc />
    public override void Dispose()
    {
        _meter.Dispose();
        base.Dispose();
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.Factory.StartNew(() => Run(stoppingToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private void Run(CancellationToken stopping)
    {
        _meter.CreateObservableGauge("catalog.queries.watch_delayed", () => IsLate ? 1 : 0, description: "1 while watches may not be shown what is in the index already, because the queue does not answer this process.");
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                Follow(stopping);
            }
            catch (Exception) when (stopping.IsCancellationRequested) { }
            catch (Exception e)
            {
                _down = true;
                if (!_failing) Failed(logger, e);
                _failing = true;
                stopping.WaitHandle.WaitOne(Pause);
            }
        }
    }

    /// <summary>Reads until the topic is another one.</summary>
    private void Follow(CancellationToken stopping)
    {
        var check = CheckAsync(stopping).GetAwaiter().GetResult();
        var starts = Enumerable.Range(0, check.Ends.Count).Select(p => Math.Max(check.Begins[p], check.Ends[p] - (History / check.Ends.Count))).ToArray();
        var consumer = clients.Consumer("watch", $"{options.Group}-watch", null, error => _down |= error.Code == ErrorCode.Local_AllBrokersDown);
        try
        {
            consumer.Assign(starts.Select((start, p) => new TopicPartitionOffset(options.Topic, p, start)));
            Read(consumer, check, starts, stopping);
        }
        finally
        {
            // If the topic was made anew, or ends before what was read of it, all its partitions say so at once.
            _ = KafkaClients.ReleaseAsync(consumer);
        }
    }

    private void Read(IConsumer<byte[], byte[]> consumer, Check check, long[] starts, CancellationToken stopping)
    {
        var window = new ChangeWindow(check.TopicId, starts);
        var before = Interlocked.Exchange(ref _window, window);
        Reached(check);
        _started.TrySetResult();
        before?.Signal();

        var checkedAt = time.GetTimestamp();
        var vain = 0;
        Task<Check>? checking = null;
        while (!stopping.IsCancellationRequested)
        {
            var read = 0;
            for (var limit = TimeSpan.FromMilliseconds(100); read < MaxTurn && consumer.Consume(limit) is { } message; limit = TimeSpan.Zero, read++)
                window.Append(message.Partition, message.Offset, EventMessage.TryRead(message.Message, out var happened, out _) ? happened : null, EventMessage.IsReplay(message.Message.Headers), message.Message.Value?.Length ?? 0);
            if (read > 0)
            {
                vain = 0;
                window.Signal();
            }

            if (checking is null && time.GetElapsedTime(checkedAt) >= CheckEvery) checking = Task.Run(() => CheckAsync(stopping), stopping);
            if (checking is not { IsCompleted: true }) continue;
            if (checking.IsCompletedSuccessfully)
            {
                if (checking.Result.TopicId != window.TopicId || checking.Result.Ends.Count != window.Partitions) return;
                Reached(checking.Result);
                // The cluster answers others, so it is this client that stands still.
                vain = window.HasReached(_endsBefore) ? 0 : vain + 1;
                if (vain > MaxVain) throw new KafkaException(new Error(ErrorCode.Local_TimedOut, "The cluster has events, and the client gets none."));
            }
            else
            {
                vain = 0;
                if (!_failing) Away(logger, checking.Exception?.InnerException);
                _down = _failing = true;
            }
            checking = null;
            checkedAt = time.GetTimestamp();
        }
    }

    private void Reached(Check check)
    {
        _endsBefore = _ends;
        (_begins, _ends) = (check.Begins, check.Ends);
        LogId = check.LogId ?? LogId;
        Volatile.Write(ref _checked, time.GetTimestamp());
        _down = _failing = false;
    }

    private sealed record Check(string TopicId, Dictionary<int, long> Begins, Dictionary<int, long> Ends, string? LogId);

    private async Task<Check> CheckAsync(CancellationToken cancellation)
    {
        var topic = await admin.DescribeAsync(options.Topic, cancellation) ?? throw new KafkaException(new Error(ErrorCode.UnknownTopicOrPart, $"There is no topic {options.Topic}."));
        var partitions = topic.Partitions.Select(p => p.Partition).ToList();
        var begins = await admin.GetOffsetsAsync(options.Topic, partitions, OffsetSpec.Earliest(), cancellation);
        var ends = await admin.GetOffsetsAsync(options.Topic, partitions, OffsetSpec.Latest(), cancellation);
        return new Check(topic.TopicId.ToString(), begins, ends, await logId(cancellation));
    }

    [LoggerMessage(1, LogLevel.Warning, "Watching the topic failed and starts again; watches stay open and say that they are delayed")]
    private static partial void Failed(ILogger logger, Exception error);

    [LoggerMessage(2, LogLevel.Warning, "The queue does not answer; watches stay open and say that they are delayed")]
    private static partial void Away(ILogger logger, Exception? error);
}
