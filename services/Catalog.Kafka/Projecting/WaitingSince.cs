namespace Catalog.Kafka.Projecting;

/// <summary>Remembers when each partition was seen to end where, and so knows since when the oldest message has waited that is not passed.</summary>
internal sealed class WaitingSince
{
    // Looks once a second; an hour of them tells the seconds apart, and beyond that some fewer do.
    private const int MaxSeen = 4096;

    private readonly Dictionary<int, Queue<(long End, DateTimeOffset Time)>> _seen = [];

    /// <summary>Since when the oldest message has waited, as far as was seen; null if none waits.</summary>
    public DateTimeOffset? See(IReadOnlyDictionary<int, Passage> passages, DateTimeOffset now)
    {
        DateTimeOffset? oldest = null;
        foreach (var (partition, passage) in passages)
        {
            if (!_seen.TryGetValue(partition, out var ends)) _seen[partition] = ends = new();
            // A topic that was made anew ends before where it did.
            while (ends.TryPeek(out var first) && (first.End <= passage.Passed || first.End > passage.End)) ends.Dequeue();
            if (passage.Lag == 0) continue;
            if (ends.Count == 0 || ends.Last().End < passage.End) ends.Enqueue((passage.End, now));
            if (ends.Count > MaxSeen) _seen[partition] = ends = new(ends.Where((_, i) => i % 2 == 0));
            if (oldest is null || ends.Peek().Time < oldest) oldest = ends.Peek().Time;
        }
        return oldest;
    }
}
