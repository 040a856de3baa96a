using Catalog.Elasticsearch.Http;
using Catalog.Elasticsearch.Status;
using Catalog.Projections;
using Catalog.Queries;

namespace Catalog.Elasticsearch.Indices;

/// <summary>
/// The right to build an index: a note beside the index that its holder renews while it works, so that a second rebuild is refused, and one that was
/// killed does not keep others away for ever.
/// </summary>
/// <remarks>
/// It keeps people from working twice. That a holder who lost it without knowing does no harm is seen to by the alias of the index under construction.
/// </remarks>
internal sealed class RebuildLease(StatusIndex notes, TimeProvider time)
{
    /// <summary>After how long without a sign of life a rebuild counts as dead.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan RenewEvery = TimeSpan.FromSeconds(10);

    private readonly string _owner = Guid.NewGuid().ToString("N");
    private NotePlace? _place;
    private long _renewed;

    /// <summary>Takes it, or renews it. Throws where somebody else has it.</summary>
    /// <exception cref="InvalidOperationException">Another process is building an index.</exception>
    public async Task TakeAsync(CancellationToken cancellation)
    {
        await notes.EnsureAsync(cancellation);
        var found = await notes.GetAsync(Note.Rebuild, cancellation);
        if (SilenceOfAnother(found) is { } silent && silent < Life)
            throw new InvalidOperationException(
                $"Another rebuild is running; its last sign of life came {silent.TotalSeconds:0} s ago. "
                + $"If it was killed, try again in {(Life - silent).TotalSeconds:0} s.");
        _place = await PutAsync(found?.Source is null ? "op_type=create" : found.Place.Condition, cancellation)
            ?? throw new InvalidOperationException("Another rebuild has just begun.");
    }

    /// <summary>Renews it now and then.</summary>
    /// <exception cref="IndexLostException">Somebody else has it, because there was no sign of life for too long.</exception>
    public async ValueTask KeepAsync(CancellationToken cancellation)
    {
        if (_place is { } place && time.GetElapsedTime(_renewed) < RenewEvery) return;
        _place = (_place is { } mine ? await PutAsync(mine.Condition, cancellation) ?? await RepeatAsync(cancellation) : null)
            ?? throw new IndexLostException("Another rebuild has taken the place of this one.");
    }

    /// <summary>Whether somebody else has it and is at work.</summary>
    public async Task<bool> IsTakenAsync(CancellationToken cancellation) => SilenceOfAnother(await notes.GetAsync(Note.Rebuild, cancellation)) < Life;

    /// <summary>Gives it back.</summary>
    public async Task ReleaseAsync(CancellationToken cancellation)
    {
        if (_place is not { } place) return;
        _place = null;
        try
        {
            await notes.RemoveAsync(Note.Rebuild, place, cancellation);
        }
        catch (IndexUnavailableException)
        {
            // It ends by itself.
        }
    }

    // For how long whoever else has it has given no sign of life; null if nobody else has it. One from far ahead is that of a clock which is wrong.
    private TimeSpan? SilenceOfAnother(NoteAnswer? found) =>
        found?.Source is { } note && note.Owner != _owner ? (time.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds(note.Time)).Duration() : null;

    // The answer to the renewal before this one may have been lost, and the note be ours all the same.
    private async Task<NotePlace?> RepeatAsync(CancellationToken cancellation) =>
        await notes.GetAsync(Note.Rebuild, cancellation) is { } found && found.Source?.Owner == _owner ? await PutAsync(found.Place.Condition, cancellation) : null;

    private async Task<NotePlace?> PutAsync(string condition, CancellationToken cancellation)
    {
        var now = time.GetTimestamp();
        var place = await notes.PutAsync(
            Note.Rebuild, condition, new Note { Kind = Note.Rebuild, Owner = _owner, Time = time.GetUtcNow().ToUnixTimeMilliseconds() }, cancellation);
        _renewed = now;
        return place;
    }
}
