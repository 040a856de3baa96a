using System.Collections.Concurrent;

namespace Catalog.Projections;

/// <summary>Keeps a log readable where something fails again and again: of each kind only one a minute is written.</summary>
internal sealed class OncePerMinute(TimeProvider time)
{
    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, long> _written = new(StringComparer.Ordinal);

    /// <summary>Whether this kind is to be written now; then it is not again for a minute.</summary>
    public bool IsDue(string kind)
    {
        var now = time.GetTimestamp();
        if (_written.TryGetValue(kind, out var last) && time.GetElapsedTime(last, now) < Quiet) return false;
        _written[kind] = now;
        return true;
    }
}
