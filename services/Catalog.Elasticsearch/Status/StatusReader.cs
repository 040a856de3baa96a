using Catalog.Elasticsearch.Http;
using Catalog.Elasticsearch.Indices;
using Catalog.Queries;
using Phase = Catalog.V1.ProjectionStatus.Types.Phase;

namespace Catalog.Elasticsearch.Status;

/// <summary>Makes the status of the projection out of what the relay, the projectors and a rebuild have noted.</summary>
internal sealed class StatusReader(StatusIndex notes, ServingIndex serving, TimeProvider time)
{
    /// <summary>For how long a report tells how things are.</summary>
    public static readonly TimeSpan Recent = TimeSpan.FromSeconds(10);

    // A relay reports once a second. What it said before the database was restored does not outlive the restore by much.
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(4);

    public async ValueTask<IndexStatus> ReadAsync(CancellationToken cancellation)
    {
        var found = notes.GetRecentAsync(time.GetUtcNow() - RebuildLease.Life, cancellation);
        // As it is now, not as searches see it: a watch position relies on it.
        var rebuild = notes.GetAsync(Note.Rebuild, cancellation);
        var index = await serving.ResolveAsync(cancellation) is { IsUsable: true } usable ? usable : null;
        var now = time.GetUtcNow();
        var all = (await found).Where(note => note.Kind != Note.Rebuild);
        if ((await rebuild)?.Source is { } note && DateTimeOffset.FromUnixTimeMilliseconds(note.Time) > now - RebuildLease.Life) all = all.Append(note);
        else if (index is { IsFinished: false }) all = all.Append(new Note { Kind = Note.Rebuild, Time = now.ToUnixTimeMilliseconds() });
        return Combine([.. all], index?.LogId, now, index?.Time ?? default);
    }

    /// <summary>The status.</summary>
    /// <param name="notes">What was noted lately.</param>
    /// <param name="logId">The event log that the index follows; null if there is no index.</param>
    /// <param name="now">The time.</param>
    /// <param name="built">When the index began to serve. What a relay of another log said before, is of a log that is gone.</param>
    public static IndexStatus Combine(IReadOnlyList<Note> notes, string? logId, DateTimeOffset now, DateTimeOffset built = default)
    {
        // What was noted by a clock that is far ahead would hold for as long.
        notes = [.. notes.Where(note => DateTimeOffset.FromUnixTimeMilliseconds(note.Time) < now + RebuildLease.Life)];
        var recent = notes.Where(note => DateTimeOffset.FromUnixTimeMilliseconds(note.Time) > now - Recent).ToList();
        var relay = recent.Where(note => note.Kind == Note.Relay && (note.LogId == logId || DateTimeOffset.FromUnixTimeMilliseconds(note.Time) > built)).MaxBy(note => note.Time);
        var projectors = recent.Where(note => note.Kind == Note.Projector).ToList();
        var deadLetters = projectors.Max(note => note.DeadLetters) ?? 0;
        var next = relay?.LogId == logId ? null : relay?.LogId;
        var rebuilding = logId is null || next is not null || notes.Any(note => note.Kind == Note.Rebuild);

        // While the relay feeds the index itself, what the projectors have still to go through is in it already. Each of them sees all of it, and some have seen it for longer.
        var direct = relay?.DirectSync ?? false;
        var behind = direct ? 0 : projectors.MaxBy(note => note.Time)?.Lag ?? 0;
        var lag = (relay?.Backlog ?? 0) + behind;
        var oldest = (behind > 0 ? projectors.Where(note => note.Lag > 0).Select(note => note.Oldest) : []).Append(relay?.Oldest).Min();
        var phase = rebuilding ? Phase.Rebuilding
            : relay is null || (projectors.Count == 0 && !direct) ? Phase.Unknown
            : lag > 0 ? Phase.CatchingUp : Phase.Current;
        return new IndexStatus(
            phase, logId ?? relay?.LogId ?? "", lag, oldest is { } milliseconds ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : null, deadLetters, direct, next,
            IsNextLogKnown: next is not null || (relay is not null && DateTimeOffset.FromUnixTimeMilliseconds(relay.Time) > now - Fresh));
    }
}
