using Catalog.V1;

namespace Catalog.Projections;

/// <summary>Events on their way into an index: of each product only the newest version is written, since the index would drop the others (G3).</summary>
/// <typeparam name="TSource">Where an event came from: what is set aside where the index will never take it.</typeparam>
public sealed class EventBatch<TSource>
{
    private readonly Dictionary<string, (ProductEvent Event, TSource Source)> _newest = new(StringComparer.Ordinal);
    private readonly List<(string Name, DateTimeOffset Time)> _occurred = [];
    private readonly HashSet<string> _unchanged = new(StringComparer.Ordinal);

    /// <summary>How many events were added.</summary>
    public int Count { get; private set; }

    /// <summary>When those events occurred that the write brought into the index, as far as they say so: not what it had already, by direct sync or a rebuild, nor what it refused.</summary>
    public IEnumerable<DateTimeOffset> Occurred => _occurred.Where(o => !_unchanged.Contains(o.Name)).Select(o => o.Time);

    /// <summary>Adds an event, after the ones that happened before it.</summary>
    public void Add(ProductEvent happened, TSource source)
    {
        if (!_newest.TryGetValue(happened.Name, out var held) || held.Event.Version < happened.Version) _newest[happened.Name] = (happened, source);
        if (happened.OccurredTime is { } occurred) _occurred.Add((happened.Name, occurred.ToDateTimeOffset()));
        Count++;
    }

    /// <summary>Writes the batch; returns what the index will never take. Throws where the index cannot be written now; the call may then be repeated.</summary>
    public async ValueTask<IReadOnlyList<(TSource Source, string Reason)>> WriteAsync(IIndexWriter index, CancellationToken cancellation)
    {
        if (_newest.Count == 0) return [];
        var (rejected, held) = await index.WriteAsync(_newest.Values.Select(n => n.Event.Product).ToList(), cancellation);
        _unchanged.UnionWith(held.Concat(rejected.Select(r => r.Product.Name)));
        return rejected.Select(r => (_newest[r.Product.Name].Source, r.Reason)).ToList();
    }
}
