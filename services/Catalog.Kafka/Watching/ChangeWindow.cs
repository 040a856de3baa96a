using Catalog.Internal.V1;
using Catalog.V1;

namespace Catalog.Kafka.Watching;

/// <summary>
/// The newest events of the topic, in memory once for all watchers. Watchers only remember where they are in it, so a thousand of them cost no more than one, and one that is
/// too slow falls out of it instead of holding it.
/// </summary>
internal sealed class ChangeWindow(string topicId, long[] starts)
{
    private const int MaxEvents = 16_384;
    private const long MaxBytes = 8 * 1024 * 1024;

    private readonly Lock _lock = new();
    private readonly Entry[] _ring = new Entry[MaxEvents];
    // Everything of a partition from its start to its end was read, and its events are here.
    private readonly long[] _starts = [.. starts], _ends = [.. starts], _highest = new long[starts.Length];
    private readonly string?[] _logs = new string?[starts.Length];
    private long _first, _next, _bytes;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly record struct Entry(int Partition, long Offset, ProductEvent Event, bool IsReplay, int Bytes);

    public string TopicId => topicId;

    public int Partitions => _starts.Length;

    /// <summary>Completes with the next message. Taken before a read, so that nothing is missed between the two.</summary>
    public Task Changed => Volatile.Read(ref _changed).Task;

    /// <summary>Whether it has read up to these offsets.</summary>
    public bool HasReached(IReadOnlyDictionary<int, long> ends)
    {
        lock (_lock) return ends.All(e => e.Key < _ends.Length && _ends[e.Key] >= e.Value);
    }

    /// <summary>The position at these offsets; of partitions of which it has not read so far, where it is.</summary>
    public WatchPosition GetPosition(string logId, IReadOnlyDictionary<int, long> passed)
    {
        lock (_lock)
        {
            var (offsets, positions) = (new long[_ends.Length], new long[_ends.Length]);
            var open = 0;
            for (var p = 0; p < offsets.Length; p++)
            {
                offsets[p] = Math.Min(_ends[p], passed.GetValueOrDefault(p));
                positions[p] = offsets[p] < _ends[p] ? -1 : HighestOf(logId, _logs[p], _highest[p]);
                if (positions[p] < 0) open++;
            }
            for (var i = _next - 1; open > 0 && i >= _first; i--)
            {
                ref readonly var entry = ref _ring[i % MaxEvents];
                if (positions[entry.Partition] >= 0 || entry.IsReplay || entry.Offset >= offsets[entry.Partition]) continue;
                positions[entry.Partition] = HighestOf(logId, entry.Event.LogId, entry.Event.Position);
                open--;
            }
            for (var p = 0; open > 0 && p < positions.Length; p++) positions[p] = Math.Max(0, positions[p]);
            return WatchCursor.Position(logId, topicId, offsets, positions);
        }
    }

    private static long HighestOf(string logId, string? of, long position) => of == logId ? position : 0;

    /// <summary>Takes a message in; null for one that is no event.</summary>
    public void Append(int partition, long offset, ProductEvent? happened, bool isReplay, int bytes)
    {
        lock (_lock)
        {
            _ends[partition] = offset + 1;
            // First appearances are in order within a partition, so what is not higher was here before. But not what was set aside meanwhile.
            if (happened is null || (!isReplay && _logs[partition] == happened.LogId && happened.Position <= _highest[partition])) return;
            if (!isReplay) (_logs[partition], _highest[partition]) = (happened.LogId, happened.Position);
            while (_next > _first && (_next - _first == MaxEvents || _bytes + bytes > MaxBytes))
            {
                ref var oldest = ref _ring[_first++ % MaxEvents];
                _starts[oldest.Partition] = oldest.Offset + 1;
                _bytes -= oldest.Bytes;
                oldest = default;
            }
            _ring[_next++ % MaxEvents] = new Entry(partition, offset, happened, isReplay, bytes);
            _bytes += bytes;
        }
    }

    /// <summary>Wakes who waits.</summary>
    public void Signal() => Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    /// <summary>The next events of a watcher; null if it must read older ones elsewhere first.</summary>
    public List<ProductEvent>? Read(WatchCursor cursor, int limit, int maxBytes)
    {
        var events = new List<ProductEvent>();
        lock (_lock)
        {
            if (cursor.Seen < _first)
            {
                cursor.Seen = -1;
                for (var p = 0; p < _starts.Length; p++)
                    if (cursor.Offsets[p] < _starts[p]) return null;
                cursor.Seen = _first;
            }
            for (var bytes = 0; cursor.Seen < _next && events.Count < limit && bytes < maxBytes; cursor.Seen++)
            {
                ref readonly var entry = ref _ring[cursor.Seen % MaxEvents];
                var count = events.Count;
                cursor.Pass(entry.Partition, entry.Offset, entry.Event, entry.IsReplay, events);
                if (events.Count > count) bytes += entry.Bytes;
            }
            if (cursor.Seen == _next)
                for (var p = 0; p < _ends.Length; p++) cursor.MoveOn(p, _ends[p]);
        }
        return events;
    }
}
