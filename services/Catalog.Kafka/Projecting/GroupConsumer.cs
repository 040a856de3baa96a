using System.Diagnostics;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Catalog.Kafka.Projecting;

/// <summary>
/// One member of the projectors' group. Used by one thread, which must keep polling: while a batch is worked on for long, its partitions are paused and it polls on, so that
/// the group does not think it dead.
/// </summary>
internal sealed partial class GroupConsumer : IDisposable
{
    private const int MaxMessages = 1000;
    private const int MaxBytes = 4 * 1024 * 1024;
    private static readonly TimeSpan Idle = TimeSpan.FromMilliseconds(200), Patience = TimeSpan.FromSeconds(3), CommitEvery = TimeSpan.FromSeconds(1), CloseLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(2);

    private readonly IConsumer<byte[], byte[]> _consumer;
    private readonly ILogger _logger;
    private readonly string _topic;
    private readonly KafkaLog _log;
    private readonly HashSet<TopicPartition> _assigned = [], _unplaced = [];
    private readonly Dictionary<TopicPartition, long> _uncommitted = [], _silentSince = [];
    private readonly List<ConsumeResult<byte[], byte[]>> _batch = [];
    private readonly Stopwatch _sinceCommit = Stopwatch.StartNew();
    private List<TopicPartition> _fresh = [];
    private Task _committing = Task.CompletedTask;
    private TopicPartitionOffset[] _offered = [];
    private bool _paused, _due;
    private int[] _partitions = [];
    private Error? _fatal;

    public GroupConsumer(KafkaClients clients, KafkaOptions options, ILogger logger)
    {
        (_logger, _topic) = (logger, options.Topic);
        _log = new KafkaLog(logger, TimeProvider.System);
        _consumer = clients.Consumer("projector", options.Group,
            build => build.SetPartitionsAssignedHandler((_, partitions) => OnAssigned(partitions)).SetPartitionsRevokedHandler((_, partitions) => OnRevoked(partitions, lost: false))
                .SetPartitionsLostHandler((_, partitions) => OnRevoked(partitions, lost: true)),
            error => _fatal ??= error.IsFatal ? error : null,
            // A coordinator that hangs is given up well before it would seem to it, or to the one after it, that this member is dead.
            ("socket.timeout.ms", "6000"),
            // A member hears of a rebalance with its next heartbeat, and what moves is not read until all have: three seconds each by default, longer than a read waits when a rollout
            // makes two of them. The topic may be made after this starts.
            ("partition.assignment.strategy", "cooperative-sticky"), ("session.timeout.ms", "12000"), ("heartbeat.interval.ms", "1000"), ("topic.metadata.refresh.interval.ms", "10000"));
        _consumer.Subscribe(options.Topic);
    }

    /// <summary>The partitions that it holds now; may be read by any thread.</summary>
    public IReadOnlyList<int> Partitions => Volatile.Read(ref _partitions);

    /// <summary>
    /// Partitions that have no place to read from; whoever decides calls <see cref="Place"/>. Also those that have been silent since they were given out or paused: the client says
    /// only once that it does not know where to read, and a pause throws that away with what was fetched ahead.
    /// </summary>
    public IReadOnlyCollection<TopicPartition> Unplaced => _unplaced;

    /// <summary>Whether it holds this partition, and has a place to read it from.</summary>
    public bool IsReading(int partition)
    {
        var place = new TopicPartition(_topic, partition);
        return _assigned.Contains(place) && !_unplaced.Contains(place);
    }

    /// <summary>Partitions of which this member has read messages.</summary>
    public HashSet<TopicPartition> Read { get; } = [];

    /// <summary>The next messages; none if there are none for a moment. What is there is taken, and nothing is waited for beyond the first.</summary>
    public IReadOnlyList<ConsumeResult<byte[], byte[]>> Collect()
    {
        if (_batch.Count == 0 && Poll(Idle) is { } first) _batch.Add(first);
        var bytes = _batch.Sum(m => (long)(m.Message.Value?.Length ?? 0));
        while (_batch.Count is > 0 and < MaxMessages && bytes < MaxBytes && Poll(TimeSpan.Zero) is { } next)
        {
            _batch.Add(next);
            bytes += next.Message.Value?.Length ?? 0;
        }
        var collected = _batch.ToArray();
        _batch.Clear();
        return collected;
    }

    /// <summary>Stays a living member of the group until the work is done. A pause throws away what was fetched ahead, so it is for work that takes long, as while the index is away.</summary>
    public void Attend(Task work)
    {
        if (Task.WaitAny([work], Patience) < 0)
        {
            _paused = true;
            _consumer.Pause(_assigned);
            try
            {
                // A message that was on its way comes with the next batch.
                while (!work.IsCompleted)
                    if (Poll(TimeSpan.FromMilliseconds(50)) is { } late) _batch.Add(late);
            }
            finally
            {
                // The client must not go away under work that uses it.
                if (!work.IsCompleted) Task.WaitAny([work]);
            }
            _paused = false;
            _consumer.Resume(_assigned);
            Suspect(_assigned);
        }
        work.GetAwaiter().GetResult();
    }

    /// <summary>Notes messages as done. Those of partitions that went away meanwhile come again to whoever has them now.</summary>
    public void Passed(IReadOnlyList<ConsumeResult<byte[], byte[]>> messages)
    {
        foreach (var message in messages)
        {
            if (!_assigned.Contains(message.TopicPartition)) continue;
            _uncommitted[message.TopicPartition] = message.Offset + 1;
            Read.Add(message.TopicPartition);
        }
    }

    /// <summary>
    /// Begins to commit what is done; whether that worked is seen the next time. Nothing waits for it: while the group's coordinator is away, partitions that other brokers lead are
    /// read on. What is not committed comes a second time, which changes nothing (G3).
    /// </summary>
    public void Commit(bool now)
    {
        _due |= now;
        if (!_committing.IsCompleted) return;
        Settle();
        if (_uncommitted.Count == 0 || (!_due && _sinceCommit.Elapsed < CommitEvery)) return;
        _due = false;
        _sinceCommit.Restart();
        _offered = [.. _uncommitted.Select(u => new TopicPartitionOffset(u.Key, u.Value))];
        _committing = Task.Run(() => _consumer.Commit(_offered));
    }

    private void Settle()
    {
        if (_committing.Exception?.InnerException is { } failed) CommitFailed(_logger, failed.Message);
        else foreach (var offset in _offered)
            if (_uncommitted.TryGetValue(offset.TopicPartition, out var noted) && noted == offset.Offset) _uncommitted.Remove(offset.TopicPartition);
        (_committing, _offered) = (Task.CompletedTask, []);
    }

    /// <summary>Reads a partition from an offset on, and commits that: else nobody knew, after the next rebalance, where a partition is read from that has nothing new.</summary>
    public void Place(TopicPartition partition, long offset)
    {
        if (!_assigned.Contains(partition)) return;
        // It survives the rest: a rebalance may make the client forget that the partition was to be resumed (https://github.com/confluentinc/librdkafka/issues/5591).
        if (!_paused) _consumer.Resume([partition]);
        _consumer.IncrementalUnassign([partition]);
        _consumer.IncrementalAssign([new TopicPartitionOffset(partition, offset)]);
        _unplaced.Remove(partition);
        _silentSince.Remove(partition);
        _uncommitted[partition] = offset;
    }

    /// <summary>Leaves the group, so that the others take over at once. A broker that hangs does not hold it up.</summary>
    public void Dispose()
    {
        var closing = Task.Run(() =>
        {
            try
            {
                // The client must not go away under a commit.
                Task.WaitAny([_committing]);
                Settle();
                if (_uncommitted.Count > 0) _consumer.Commit(_uncommitted.Select(u => new TopicPartitionOffset(u.Key, u.Value)));
            }
            // As in a rebalance. It leaves all the same.
            catch (KafkaException e)
            {
                CommitFailed(_logger, e.Message);
            }
            try
            {
                _consumer.Close();
            }
            catch (KafkaException e)
            {
                NotLeft(_logger, e.Message);
            }
            // Only behind it: the client does not survive both at once.
            _consumer.Dispose();
        });
        closing.Wait(CloseLimit);
    }

    /// <summary>Goes away without a word, as a process that is killed.</summary>
    internal void Vanish()
    {
        Task.WaitAny([_committing]);
        _consumer.Dispose();
    }

    private ConsumeResult<byte[], byte[]>? Poll(TimeSpan limit)
    {
        if (_fatal is { } fatal) throw new KafkaException(fatal);
        ConsumeResult<byte[], byte[]>? message = null;
        try
        {
            message = _consumer.Consume(limit);
        }
        catch (ConsumeException e) when (!e.Error.IsFatal)
        {
            var partition = e.ConsumerRecord?.TopicPartition;
            if (e.Error.Code is ErrorCode.Local_AutoOffsetReset or ErrorCode.OffsetOutOfRange or ErrorCode.Local_LogTruncation or ErrorCode.Local_NoOffset)
            {
                if (partition is not null && _assigned.Contains(partition)) _unplaced.Add(partition);
            }
            else _log.Write(e.Error);
        }
        // Soon after it began there are none, and then a message costs nothing here.
        if (_silentSince.Count > 0) Listen(message);
        // It has a place after all, and has read on from there: an answer that is still to come would be too old.
        if (_unplaced.Count > 0 && message is not null) _unplaced.Remove(message.TopicPartition);
        if (_fresh.Count > 0)
        {
            // A pause may have survived from an earlier time with the partition.
            var fresh = _fresh.Where(_assigned.Contains).ToList();
            _fresh = [];
            if (_paused) _consumer.Pause(fresh);
            else _consumer.Resume(fresh);
        }
        return message;
    }

    [LoggerMessage(4, LogLevel.Information, "The group was not left: {Reason}. The others take over when it has been silent for a while")]
    private static partial void NotLeft(ILogger logger, string reason);

    [LoggerMessage(3, LogLevel.Information, "Offsets were not committed: {Reason}. The messages may come again, which changes nothing")]
    private static partial void CommitFailed(ILogger logger, string reason);
}
