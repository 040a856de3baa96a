using System.Runtime.InteropServices;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Catalog.Kafka;

/// <summary>What there is in the cluster: topics, where their partitions begin and end, how far groups are. Fails with a <see cref="KafkaException"/> where it cannot be reached.</summary>
/// <remarks>
/// The admin client can end by itself, for good: Confluent.Kafka 2.16 does not survive the description of a partition without in-sync replicas, which there are for a moment where all brokers
/// were away (Kafka 4.1, eligible leader replicas). What is asked through it then is never answered. It is replaced, and never disposed of, which would free again what is free.
/// A client that has had no answer for half a minute is replaced too: it may be one that has lost sight of all brokers and does not look for them again
/// (https://github.com/confluentinc/librdkafka/issues/5301).
/// </remarks>
internal sealed class TopicAdmin(KafkaClients clients, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5), Look = TimeSpan.FromMilliseconds(250), Forsaken = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private IAdminClient? _client;
    private long _answered;

    // One for each group that is asked about, and when it had an answer. They never join it.
    private readonly Dictionary<string, (IConsumer<byte[], byte[]> Consumer, long Answered)> _groups = new(StringComparer.Ordinal);

    private volatile Error? _wrong;
    private bool _disposed;

    /// <summary>The client, another one where it has ended. What it is asked for goes through <see cref="CallAsync"/>, or may wait forever.</summary>
    public IAdminClient Client
    {
        get
        {
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                if (_client is { } client && IsAlive(client)) return client;
                _answered = time.GetTimestamp();
                return _client = clients.Admin("admin", error => _wrong = error.Code == ErrorCode.Local_AllBrokersDown ? _wrong : error);
            }
        }
    }

    /// <summary>Asks the cluster for something.</summary>
    public async Task<T> CallAsync<T>(Func<IAdminClient, Task<T>> call, CancellationToken cancellation)
    {
        var client = Client;
        try
        {
            _wrong = null;
            var answer = call(client);
            while (await Task.WhenAny(answer, Task.Delay(Look, cancellation)) != answer)
            {
                cancellation.ThrowIfCancellationRequested();
                if (!answer.IsCompleted && !IsAlive(client)) throw Ended(null);
                // The client would try until time runs out, and then say only that it did.
                if (_wrong is { Code: ErrorCode.Local_Authentication or ErrorCode.Local_Ssl } refused) throw new KafkaException(refused);
            }
            var answered = await answer;
            Interlocked.Exchange(ref _answered, time.GetTimestamp());
            return answered;
        }
        catch (KafkaException e) when (e.Error.Code is ErrorCode.Local_TimedOut && time.GetElapsedTime(Interlocked.Read(ref _answered)) > Forsaken)
        {
            lock (_gate)
            {
                if (_client == client) _client = null;
                else client = null;
            }
            if (client is not null && IsAlive(client)) _ = KafkaClients.ReleaseAsync(client);
            throw;
        }
        catch (ObjectDisposedException e) when (!IsAlive(client))
        {
            throw Ended(e);
        }
    }

    private static KafkaException Ended(Exception? cause) => new(new Error(ErrorCode.Local_Destroy, "The admin client ended; another one is made."), cause);

    private static bool IsAlive(IAdminClient client)
    {
        try
        {
            // Adds none, and is refused where the client has ended: nothing else says so without asking the cluster.
            return client.AddBrokers("") == 0;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>A topic as it is now; null if there is none.</summary>
    public async Task<TopicDescription?> DescribeAsync(string topic, CancellationToken cancellation)
    {
        try
        {
            var result = await CallAsync(c => c.DescribeTopicsAsync(TopicCollection.OfTopicNames([topic]), new DescribeTopicsOptions { RequestTimeout = Limit }), cancellation);
            return result.TopicDescriptions[0];
        }
        catch (DescribeTopicsException e) when (e.Results.TopicDescriptions is [{ Error.Code: ErrorCode.UnknownTopicOrPart }])
        {
            return null;
        }
    }

    /// <summary>A topic that must be there.</summary>
    public async Task<TopicDescription> GetTopicAsync(string topic, CancellationToken cancellation) =>
        await DescribeAsync(topic, cancellation) ?? throw new KafkaException(new Error(ErrorCode.UnknownTopicOrPart, $"There is no topic {topic}; the verb \"topics\" makes it."));

    /// <summary>The partitions of a topic that must be there.</summary>
    public async Task<IReadOnlyList<int>> GetPartitionsAsync(string topic, CancellationToken cancellation) =>
        (await GetTopicAsync(topic, cancellation)).Partitions.Select(p => p.Partition).ToList();

    /// <summary>Where each partition begins or ends, as <paramref name="which"/> says.</summary>
    public async Task<Dictionary<int, long>> GetOffsetsAsync(string topic, IEnumerable<int> partitions, OffsetSpec which, CancellationToken cancellation)
    {
        var asked = partitions.Select(p => new TopicPartitionOffsetSpec { TopicPartition = new TopicPartition(topic, p), OffsetSpec = which }).ToList();
        if (asked.Count == 0) return [];
        ListOffsetsResult result;
        try
        {
            result = await CallAsync(c => c.ListOffsetsAsync(asked, new ListOffsetsOptions { RequestTimeout = Limit, IsolationLevel = IsolationLevel.ReadUncommitted }), cancellation);
        }
        catch (ListOffsetsException e) when (e.Result.ResultInfos.FirstOrDefault(r => r.TopicPartitionOffsetError.Error.IsError) is { } refused)
        {
            throw new KafkaException(refused.TopicPartitionOffsetError.Error, e);
        }
        return result.ResultInfos.ToDictionary(
            r => r.TopicPartitionOffsetError.Partition.Value,
            r => r.TopicPartitionOffsetError.Error.IsError ? throw new KafkaException(r.TopicPartitionOffsetError.Error) : r.TopicPartitionOffsetError.Offset.Value);
    }

    /// <summary>What a group has committed for each partition; null where it never did.</summary>
    /// <remarks>
    /// Never through the admin client's ListConsumerGroupOffsets: librdkafka 2.16 crashes the process in it when the coordinator of the group restarts or moves (seen in
    /// rd_kafka_handle_OffsetFetch and rd_kafka_enq_once_del_source_return).
    /// </remarks>
    public async Task<Dictionary<int, long?>> GetCommittedAsync(string group, string topic, IEnumerable<int> partitions, CancellationToken cancellation)
    {
        var asked = partitions.Select(p => new TopicPartition(topic, p)).ToList();
        if (asked.Count == 0) return [];
        var committed = await Task.Run(() =>
        {
            // The client must not go away under the call.
            lock (_groups)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                if (!_groups.TryGetValue(group, out var known)) _groups[group] = known = (clients.Consumer("groups", group, null, _ => { }), time.GetTimestamp());
                // It has no messages, only news of its connections, which would pile up.
                known.Consumer.Consume(TimeSpan.Zero);
                try
                {
                    var committed = known.Consumer.Committed(asked, Limit);
                    _groups[group] = known with { Answered = time.GetTimestamp() };
                    return committed;
                }
                catch (KafkaException e) when (e.Error.Code is ErrorCode.Local_TimedOut && time.GetElapsedTime(known.Answered) > Forsaken)
                {
                    _groups.Remove(group);
                    _ = KafkaClients.ReleaseAsync(known.Consumer);
                    throw;
                }
            }
        }, cancellation).WaitAsync(cancellation);
        return committed.ToDictionary(p => p.Partition.Value, p => p.Offset.Value >= 0 ? p.Offset.Value : (long?)null);
    }

    /// <summary>How far a group is in a topic: of each partition the next offset to pass, and where it ends.</summary>
    public async Task<Dictionary<int, Passage>> GetPassagesAsync(string group, string topic, CancellationToken cancellation)
    {
        var partitions = await GetPartitionsAsync(topic, cancellation);
        // Before the ends, so that what is committed meanwhile makes the lag too large rather than negative.
        var committed = await GetCommittedAsync(group, topic, partitions, cancellation);
        var ends = await GetOffsetsAsync(topic, partitions, OffsetSpec.Latest(), cancellation);
        var begins = await GetOffsetsAsync(topic, partitions.Where(p => committed[p] is null), OffsetSpec.Earliest(), cancellation);
        return partitions.ToDictionary(p => p, p => new Passage(committed[p] ?? begins[p], ends[p]));
    }

    /// <summary>Whether the cluster answers and has the topic.</summary>
    public async ValueTask<bool> IsReachedAsync(string topic, CancellationToken cancellation)
    {
        try
        {
            return await DescribeAsync(topic, cancellation) is not null;
        }
        catch (KafkaException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (!_disposed && _client is { } client && IsAlive(client)) client.Dispose();
            _disposed = true;
        }
        lock (_groups)
        {
            foreach (var (consumer, _) in _groups.Values) consumer.Dispose();
        }
    }
}

/// <summary>How far a group is in a partition.</summary>
/// <param name="Passed">The next offset that it has to pass.</param>
/// <param name="End">Where the partition ends.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Passage(long Passed, long End)
{
    /// <summary>How many messages it has to pass.</summary>
    public long Lag => Math.Max(0, End - Passed);
}
