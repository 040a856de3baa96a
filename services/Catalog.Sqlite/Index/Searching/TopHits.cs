namespace Catalog.Sqlite.Index.Searching;

/// <summary>Keeps the first hits of many.</summary>
internal sealed class TopHits(int limit, IComparer<Hit> order)
{
    // The last of the kept ones is on top, to be replaced.
    private readonly PriorityQueue<Hit, Hit> _kept = new(Comparer<Hit>.Create((left, right) => order.Compare(right, left)));

    /// <summary>How many came.</summary>
    public int Offered { get; private set; }

    public void Offer(Hit hit)
    {
        Offered++;
        if (_kept.Count < limit) _kept.Enqueue(hit, hit);
        else if (limit > 0 && order.Compare(hit, _kept.Peek()) < 0) _kept.DequeueEnqueue(hit, hit);
    }

    /// <summary>The kept ones in order. Ends the collection.</summary>
    public Hit[] Take()
    {
        var hits = new Hit[_kept.Count];
        for (var i = hits.Length - 1; i >= 0; i--) hits[i] = _kept.Dequeue();
        return hits;
    }
}
