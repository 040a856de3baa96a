using System.Diagnostics;
using Catalog.Projections;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Catalog.Kafka.Projecting;

/// <summary>
/// Decides where a partition is read from when the client cannot: from its beginning while nothing was ever committed. Where events are gone that the index lacks, the partition
/// is not read until the index was rebuilt, and that is said loudly: otherwise the gap would never be noticed.
/// </summary>
internal sealed partial class PartitionPlacement(GroupConsumer consumer, KafkaClients clients, KafkaOptions options, IIndexSet indexes, KafkaProjectorMetrics metrics, ILogger logger)
{
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(2), Limit = TimeSpan.FromSeconds(3);

    // Stopped partitions, with the index's position of that moment.
    private readonly Dictionary<TopicPartition, long> _stopped = [];
    private readonly Stopwatch _sinceLast = Stopwatch.StartNew();
    private int _open;
    private bool _failing;

    /// <summary>Places what can be placed now.</summary>
    public void Resolve(CancellationToken stopping)
    {
        if (consumer.Unplaced.Count == 0 && _stopped.Count == 0) return;
        if (consumer.Unplaced.Count == _open && _sinceLast.Elapsed < Again) return;
        foreach (var gone in _stopped.Keys.Except(consumer.Unplaced).ToList()) _stopped.Remove(gone);
        foreach (var partition in consumer.Unplaced.ToList())
        {
            // A broker that hangs takes seconds for each.
            if (stopping.IsCancellationRequested) return;
            long? place = null;
            try
            {
                var deciding = Task.Run(() => DecideAsync(partition, consumer.Read.Contains(partition)));
                consumer.Attend(deciding);
                place = deciding.Result;
                _failing = false;
            }
            // The queue or the index does not answer.
            catch (Exception e)
            {
                if (!_failing) NotYet(logger, e, partition);
                _failing = true;
            }
            if (place is not { } offset) continue;
            consumer.Place(partition, offset);
            _stopped.Remove(partition);
        }
        _open = consumer.Unplaced.Count;
        _sinceLast.Restart();
        metrics.SetStopped(_stopped.Count);
    }

    private async Task<long?> DecideAsync(TopicPartition partition, bool wasRead)
    {
        var committed = consumer.GetCommitted(partition, Limit);
        var bounds = consumer.GetBounds(partition, Limit);
        // Offsets of a group go with the topic, or when no projector ran for long.
        if (committed.Value < 0 && wasRead) Remade(logger, partition);
        if (committed.Value < 0 && bounds.Low == 0) return bounds.Low;
        if (committed >= bounds.Low && committed <= bounds.High) return committed;

        // Events before the first one that is there are gone. That is well where the index holds them all, or was rebuilt since it was noticed.
        var index = await indexes.GetCurrentAsync(CancellationToken.None);
        var position = index is null ? -1 : await index.GetPositionAsync(CancellationToken.None);
        var isCovered = index is not null && bounds.Low < bounds.High && FirstPosition(partition, bounds.Low) <= position + 1;
        if (isCovered || (index is not null && _stopped.TryGetValue(partition, out var before) && position > before))
        {
            GoesOn(logger, partition, bounds.Low);
            return bounds.Low;
        }
        if (_stopped.TryAdd(partition, position))
        {
            if (committed > bounds.High) Beyond(logger, partition, committed, bounds.High);
            else Expired(logger, partition, committed, bounds.Low);
        }
        return null;
    }

    /// <summary>The position of the first event that the partition still holds.</summary>
    private long FirstPosition(TopicPartition partition, Offset low)
    {
        using var probe = clients.Consumer("probe", $"{options.Group}-probe", null, _ => { });
        probe.Assign(new TopicPartitionOffset(partition, low));
        return probe.Consume(Limit) is { } first && EventMessage.TryRead(first.Message, out var happened, out _) ? happened.Position : long.MaxValue;
    }

    [LoggerMessage(1, LogLevel.Error, "Events of {Partition} are gone that the index may lack: the projector is at offset {Committed}, and the topic keeps them from {Low} on. Run \"rebuild\"; the partition is not read until then, and goes on by itself afterwards.")]
    private static partial void Expired(ILogger logger, TopicPartition partition, Offset committed, Offset low);

    [LoggerMessage(2, LogLevel.Error, "The projector is at offset {Committed} of {Partition}, which ends at {High}: the topic was made anew or lost events. Run \"rebuild\"; the partition is not read until then, and goes on by itself afterwards.")]
    private static partial void Beyond(ILogger logger, TopicPartition partition, Offset committed, Offset high);

    [LoggerMessage(3, LogLevel.Error, "The topic of {Partition} was made anew; it is read from its beginning. Run \"rebuild\" if events were lost with the old one.")]
    private static partial void Remade(ILogger logger, TopicPartition partition);

    [LoggerMessage(4, LogLevel.Information, "The index was rebuilt and holds what is gone from {Partition}: it is read from offset {Low} on")]
    private static partial void GoesOn(ILogger logger, TopicPartition partition, Offset low);

    [LoggerMessage(5, LogLevel.Warning, "It cannot be told now where to read {Partition} from")]
    private static partial void NotYet(ILogger logger, Exception error, TopicPartition partition);
}
