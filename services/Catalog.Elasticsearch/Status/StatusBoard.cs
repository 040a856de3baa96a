using Catalog.Elasticsearch.Http;
using Catalog.Projections;
using Catalog.Queries;

namespace Catalog.Elasticsearch.Status;

/// <summary>Where the relay and the projectors note how far they are.</summary>
internal sealed class StatusBoard(StatusIndex notes) : IStatusBoard
{
    private bool _tidied;

    // The relays of one log have rising epochs. A restored database begins another log, and perhaps at a lower epoch, so each log has a note of its own.
    public async ValueTask ReportAsync(RelayReport report, CancellationToken cancellation)
    {
        await notes.PutAsync(
            $"relay-{report.LogId}", $"version={report.Epoch}&version_type=external_gte",
            new Note
            {
                Kind = Note.Relay, Time = Milliseconds(report.Time)!.Value, LogId = report.LogId, Epoch = report.Epoch, Backlog = report.Backlog,
                Oldest = Milliseconds(report.Oldest), DirectSync = report.DirectSync,
            },
            cancellation);
        if (_tidied) return;
        _tidied = true;
        try
        {
            await notes.RemoveOldAsync(report.Time, cancellation);
        }
        catch (Exception e) when (e is ElasticsearchException or IndexUnavailableException)
        {
            // Old notes are in nobody's way.
        }
    }

    public async ValueTask ReportAsync(ProjectorReport report, CancellationToken cancellation) => await notes.PutAsync(
        $"projector-{report.Projector}", "",
        new Note
        {
            Kind = Note.Projector, Time = Milliseconds(report.Time)!.Value, Name = report.Projector, Lag = report.Lag, Newest = Milliseconds(report.Newest),
            DeadLetters = report.DeadLetters,
        },
        cancellation);

    private static long? Milliseconds(DateTimeOffset? time) => time?.ToUnixTimeMilliseconds();
}
