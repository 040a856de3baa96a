using System.Diagnostics;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Catalog.Kafka.Projecting;

/// <summary>Partitions that come and go. Both happen while it polls, on its thread; what is not committed of a partition that goes is dropped, and comes again elsewhere.</summary>
internal sealed partial class GroupConsumer
{
    private void OnAssigned(List<TopicPartition> partitions)
    {
        _assigned.UnionWith(partitions);
        _fresh.AddRange(partitions);
        Suspect(_assigned);
        Volatile.Write(ref _partitions, [.. _assigned.Select(p => p.Partition.Value).Order()]);
        Assigned(_logger, partitions.Count, _assigned.Count);
    }

    private void OnRevoked(List<TopicPartitionOffset> partitions, bool lost)
    {
        foreach (var partition in partitions.Select(p => p.TopicPartition))
        {
            _assigned.Remove(partition);
            _unplaced.Remove(partition);
            _uncommitted.Remove(partition);
            _silentSince.Remove(partition);
            Read.Remove(partition);
            _batch.RemoveAll(m => m.TopicPartition == partition);
        }
        Volatile.Write(ref _partitions, [.. _assigned.Select(p => p.Partition.Value).Order()]);
        Suspect(_assigned);
        Revoked(_logger, partitions.Count, lost, _assigned.Count);
    }

    // Those that have something to read show it at once, and those that have not are asked about.
    private void Suspect(IEnumerable<TopicPartition> partitions)
    {
        var now = Stopwatch.GetTimestamp();
        foreach (var partition in partitions)
            if (!_unplaced.Contains(partition)) _silentSince[partition] = now;
    }

    private void Listen(ConsumeResult<byte[], byte[]>? message)
    {
        if (message is not null) _silentSince.Remove(message.TopicPartition);
        foreach (var (silent, since) in _silentSince)
        {
            if (Stopwatch.GetElapsedTime(since) <= Silence) continue;
            _silentSince.Remove(silent);
            _unplaced.Add(silent);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Got {Count} partitions; holds {Held}")]
    private static partial void Assigned(ILogger logger, int count, int held);

    [LoggerMessage(2, LogLevel.Information, "Gave up {Count} partitions (lost: {Lost}); holds {Held}")]
    private static partial void Revoked(ILogger logger, int count, bool lost, int held);
}
