using System.Runtime.InteropServices;

namespace Catalog.Kafka.Projecting;

/// <summary>
/// Tells a client that is dead without knowing it: the cluster answers others, events come into its partitions, and the group gets no further for a minute
/// (as in https://github.com/confluentinc/librdkafka/issues/5301 and 5476).
/// </summary>
internal sealed class Standstill(TimeProvider time)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1), Gap = TimeSpan.FromSeconds(5);

    private readonly Dictionary<int, Place> _places = [];
    private long _seen;

    /// <summary>Where the group is in a partition.</summary>
    /// <param name="Passed">The next offset that it has to pass.</param>
    /// <param name="End">Where the partition ended when it came there.</param>
    /// <param name="BehindSince">When there was first more than that.</param>
    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Place(long Passed, long End, long? BehindSince);

    /// <summary>The partition that stands still; null if none does.</summary>
    /// <param name="passages">How far the group is, as it was asked last; null while the cluster does not answer.</param>
    /// <param name="isMine">Whether it is for this member to get on in the partition.</param>
    public int? Find(IReadOnlyDictionary<int, Passage>? passages, Func<int, bool> isMine)
    {
        // Whoever did something else meanwhile, or did not know, has not seen it stand still.
        if (passages is null || time.GetElapsedTime(_seen) > Gap) _places.Clear();
        _seen = time.GetTimestamp();
        foreach (var (partition, passage) in passages ?? new Dictionary<int, Passage>())
        {
            // One that has only messages which are no one's to pass, as the marks of a transaction, does not get on either. So it is what came since that counts.
            if (!isMine(partition) || passage.Lag == 0) _places.Remove(partition);
            else if (!_places.TryGetValue(partition, out var place) || place.Passed != passage.Passed) _places[partition] = new Place(passage.Passed, passage.End, null);
            else if (passage.End > place.End && place.BehindSince is null) _places[partition] = place with { BehindSince = _seen };
            else if (place.BehindSince is { } since && time.GetElapsedTime(since) > Limit) return partition;
        }
        return null;
    }
}
