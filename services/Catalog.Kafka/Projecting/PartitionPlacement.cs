using System.Diagnostics;
using Catalog.Projections;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Logging;

namespace Catalog.Kafka.Projecting;

/// <summary>
/// Decides where a partition is read from when the client cannot: from its beginning while nothing was ever committed. Where events are gone that the index lacks, the partition
/// is not read until the index was rebuilt, and that is said loudly: otherwise the gap would never be noticed.
/// </summary>
internal sealed partial class PartitionPlacement(
    GroupConsumer consumer, KafkaClients clients, TopicAdmin admin, KafkaOptions options, IIndexSet indexes, KafkaProjectorMetrics metrics, ILogger logger)
{
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(2), Limit = TimeSpan.FromSeconds(3);

    // Nobody waits for these: a partition that is away takes seconds to say nothing, and the others are read meanwhile.
    private readonly Dictionary<TopicPartition, Task<Findings>> _asking = [];
    private readonly Dictionary<TopicPartition, long> _asked = [];
    // Stopped partitions, with the index of that moment.
    private readonly Dictionary<TopicPartition, IIndexWriter?> _stopped = [];
    private bool _failing;

    /// <summary>Places what can be placed by now, and finds out about the rest.</summary>
    public void Resolve()
    {
        if (consumer.Unplaced.Count == 0 && _asking.Count == 0 && _stopped.Count == 0) return;
        foreach (var gone in _stopped.Keys.Except(consumer.Unplaced).ToList()) _stopped.Remove(gone);
        foreach (var gone in _asked.Keys.Except(consumer.Unplaced).ToList()) _asked.Remove(gone);
        foreach (var (partition, asking) in _asking)
        {
            if (!asking.IsCompleted) continue;
            _asking.Remove(partition);
            if (consumer.Unplaced.Contains(partition)) Settle(partition, asking);
        }
        metrics.SetStopped(_stopped.Count);

        var open = consumer.Unplaced.Where(p => !_asking.ContainsKey(p) && !(_asked.TryGetValue(p, out var before) && Stopwatch.GetElapsedTime(before) < Again)).ToList();
        if (open.Count == 0) return;
        var committed = admin.GetCommittedAsync(options.Group, options.Topic, open.Select(p => p.Partition.Value), CancellationToken.None);
        foreach (var partition in open)
        {
            _asked[partition] = Stopwatch.GetTimestamp();
            _asking[partition] = FindOutAsync(partition, committed);
        }
    }

    private void Settle(TopicPartition partition, Task<Findings> asking)
    {
        Findings found;
        try
        {
            found = asking.GetAwaiter().GetResult();
            _failing = false;
        }
        // The queue or the index does not answer.
        catch (Exception e)
        {
            if (!_failing) NotYet(logger, e, partition);
            _failing = true;
            return;
        }
        if (Decide(partition, found) is not { } offset) return;
        consumer.Place(partition, offset);
        _stopped.Remove(partition);
    }

    private long? Decide(TopicPartition partition, Findings found)
    {
        var (committed, low, high, index, isCovered) = found;
        // Offsets of a group go with the topic, or when no projector ran for long.
        if (committed is null && consumer.Read.Contains(partition)) Remade(logger, partition);
        if (committed is null && low == 0) return low;
        if (committed >= low && committed <= high) return committed;

        // Events before the first one that is there are gone. That is well where the index holds them all, or was rebuilt since it was noticed.
        if (isCovered || (index is not null && _stopped.TryGetValue(partition, out var before) && before != index))
        {
            GoesOn(logger, partition, low);
            return low;
        }
        if (_stopped.TryAdd(partition, index))
        {
            if (committed > high) Beyond(logger, partition, committed, high);
            else Expired(logger, partition, committed, low);
        }
        return null;
    }

    private async Task<Findings> FindOutAsync(TopicPartition partition, Task<Dictionary<int, long?>> asked)
    {
        var committed = (await asked)[partition.Partition];
        var low = (await admin.GetOffsetsAsync(partition.Topic, [partition.Partition], OffsetSpec.Earliest(), CancellationToken.None))[partition.Partition];
        var high = (await admin.GetOffsetsAsync(partition.Topic, [partition.Partition], OffsetSpec.Latest(), CancellationToken.None))[partition.Partition];
        if (committed is null ? low == 0 : committed >= low && committed <= high) return new Findings(committed, low, high, null, false);
        var index = await indexes.GetCurrentAsync(CancellationToken.None);
        var isCovered = index is not null && low < high
            && await Task.Run(() => FirstPosition(partition, low)) <= await index.GetPositionAsync(CancellationToken.None) + 1;
        return new Findings(committed, low, high, index, isCovered);
    }

    /// <summary>What was found out about a partition.</summary>
    /// <param name="Committed">What the group committed; null if nothing.</param>
    /// <param name="Low">Where it begins.</param>
    /// <param name="High">Where it ends.</param>
    /// <param name="Index">The index that serves; null if there is none, or it does not matter.</param>
    /// <param name="IsCovered">Whether the index holds everything before the first event that is there.</param>
    private sealed record Findings(long? Committed, long Low, long High, IIndexWriter? Index, bool IsCovered);

    /// <summary>The position of the first event that the partition still holds, of those that stand in their order.</summary>
    private long FirstPosition(TopicPartition partition, Offset low)
    {
        var probe = clients.Consumer("probe", $"{options.Group}-probe", null, _ => { });
        try
        {
            probe.Assign(new TopicPartitionOffset(partition, low));
            var begun = Stopwatch.GetTimestamp();
            while (Limit - Stopwatch.GetElapsedTime(begun) is { Ticks: > 0 } left && probe.Consume(left) is { } message)
                if (!EventMessage.IsReplay(message.Message.Headers) && EventMessage.TryRead(message.Message, out var happened, out _)) return happened.Position;
            return long.MaxValue;
        }
        finally
        {
            _ = KafkaClients.ReleaseAsync(probe);
        }
    }

    [LoggerMessage(1, LogLevel.Error, "Events of {Partition} are gone that the index may lack: the projector is at offset {Committed}, and the topic keeps them from {Low} on. Run \"rebuild\"; the partition is not read until then, and goes on by itself afterwards.")]
    private static partial void Expired(ILogger logger, TopicPartition partition, long? committed, long low);

    [LoggerMessage(2, LogLevel.Error, "The projector is at offset {Committed} of {Partition}, which ends at {High}: the topic was made anew or lost events. Run \"rebuild\"; the partition is not read until then, and goes on by itself afterwards.")]
    private static partial void Beyond(ILogger logger, TopicPartition partition, long? committed, long high);

    [LoggerMessage(3, LogLevel.Error, "The topic of {Partition} was made anew; it is read from its beginning. Run \"rebuild\" if events were lost with the old one.")]
    private static partial void Remade(ILogger logger, TopicPartition partition);

    [LoggerMessage(4, LogLevel.Information, "The index was rebuilt and holds what is gone from {Partition}: it is read from offset {Low} on")]
    private static partial void GoesOn(ILogger logger, TopicPartition partition, long low);

    [LoggerMessage(5, LogLevel.Warning, "It cannot be told now where to read {Partition} from")]
    private static partial void NotYet(ILogger logger, Exception error, TopicPartition partition);
}
