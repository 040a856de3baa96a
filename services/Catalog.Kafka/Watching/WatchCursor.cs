using Catalog.Internal.V1;
using Catalog.Kafka.Projecting;
using Catalog.Queries;
using Catalog.V1;
using Confluent.Kafka;

namespace Catalog.Kafka.Watching;

/// <summary>How far one watcher is: of each partition the next offset, and the highest position in the event log that it has seen.</summary>
internal sealed class WatchCursor
{
    private readonly string _topicId;
    private readonly long[] _offsets, _positions;

    public WatchCursor(WatchPosition position)
    {
        LogId = position.LogId;
        _topicId = position.TopicId;
        _offsets = new long[position.Partitions.Count];
        _positions = new long[position.Partitions.Count];
        Array.Fill(_offsets, -1);
        foreach (var partition in position.Partitions)
        {
            if (partition.Partition < 0 || partition.Partition >= _offsets.Length || partition.Offset < 0 || _offsets[partition.Partition] >= 0) throw Foreign();
            _offsets[partition.Partition] = partition.Offset;
            _positions[partition.Partition] = partition.Position;
        }
    }

    /// <summary>The event log that it watches.</summary>
    public string LogId { get; }

    /// <summary>The next offset of each partition.</summary>
    public ReadOnlySpan<long> Offsets => _offsets;

    /// <summary>Where it is in the shared window; -1 while it is not there.</summary>
    public long Seen { get; set; } = -1;

    /// <summary>Checks that the position is of this topic.</summary>
    public void CheckTopic(string topicId, int partitions)
    {
        if (_topicId != topicId || _offsets.Length != partitions) throw Foreign();
    }

    /// <summary>Checks that what comes next is still kept.</summary>
    /// <param name="begins">Where the partitions begin.</param>
    public void CheckKept(IReadOnlyDictionary<int, long> begins)
    {
        for (var p = 0; p < _offsets.Length; p++)
            if (_offsets[p] < begins.GetValueOrDefault(p)) throw Expired();
    }

    /// <summary>Whether this is where it reads next.</summary>
    public bool IsNextAt(ConsumeResult<byte[], byte[]>? place) => place is not null && place.Partition.Value < _offsets.Length && _offsets[place.Partition] == place.Offset;

    /// <summary>Passes a message, and adds its event unless it is none or a repetition (G3). One that was set aside and is replayed comes once more rather than never.</summary>
    public void Pass(int partition, long offset, ProductEvent? happened, bool isReplay, List<ProductEvent> events)
    {
        if (offset < _offsets[partition]) return;
        _offsets[partition] = offset + 1;
        if (happened is null) return;
        if (happened.LogId != LogId) throw new PositionExpiredException("The database was restored meanwhile.");
        if (happened.Position <= _positions[partition] && !isReplay) return;
        _positions[partition] = Math.Max(happened.Position, _positions[partition]);
        events.Add(happened);
    }

    /// <summary>The same for a message as it was read; what is no event was set aside by the projector, with the reason, and is passed over.</summary>
    public void Pass(ConsumeResult<byte[], byte[]> message, List<ProductEvent> events)
    {
        if (message.IsPartitionEOF) MoveOn(message.Partition, message.Offset);
        else Pass(message.Partition, message.Offset, EventMessage.TryRead(message.Message, out var happened, out _) ? happened : null, EventMessage.IsReplay(message.Message.Headers), events);
    }

    /// <summary>Everything of the partition before this offset was passed.</summary>
    public void MoveOn(int partition, long offset) => _offsets[partition] = Math.Max(_offsets[partition], offset);

    public WatchPosition ToPosition() => Position(LogId, _topicId, _offsets, _positions);

    public static WatchPosition Position(string logId, string topicId, ReadOnlySpan<long> offsets, ReadOnlySpan<long> positions)
    {
        var position = new WatchPosition { LogId = logId, TopicId = topicId };
        for (var p = 0; p < offsets.Length; p++) position.Partitions.Add(new PartitionPosition { Partition = p, Offset = offsets[p], Position = positions[p] });
        return position;
    }

    public static PositionExpiredException Expired() => new("The changes after this position are no longer kept.");

    private static PositionExpiredException Foreign() => new("The position is of another topic: that was made anew, or it is another catalog's.");
}
