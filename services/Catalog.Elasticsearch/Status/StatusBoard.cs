using Catalog.Elasticsearch.Http;
using Catalog.Elasticsearch.Indices;
using Catalog.Projections;
using Catalog.Queries;
using Microsoft.Extensions.Logging;

namespace Catalog.Elasticsearch.Status;

/// <summary>
/// Where the relay and the projectors note how far they are. Since there is one relay at a time, it also sees to it now and then that what is of no more use goes.
/// </summary>
internal sealed partial class StatusBoard(StatusIndex notes, OldIndices old, TimeProvider time, ILogger<StatusBoard> logger) : IStatusBoard
{
    private static readonly TimeSpan TidyEvery = TimeSpan.FromMinutes(1);

    private long? _tidied;
    private Task _tidying = Task.CompletedTask;

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
        // Not waited for: a report that is late is one that is missing.
        if (_tidying.IsCompleted) _tidying = TidyAsync(cancellation);
    }

    public async ValueTask ReportAsync(ProjectorReport report, CancellationToken cancellation) => await notes.PutAsync(
        $"projector-{report.Projector}", "",
        new Note
        {
            Kind = Note.Projector, Time = Milliseconds(report.Time)!.Value, Name = report.Projector, Lag = report.Lag, Oldest = Milliseconds(report.Oldest),
            DeadLetters = report.DeadLetters,
        },
        cancellation);

    private async Task TidyAsync(CancellationToken cancellation)
    {
        if (_tidied is { } before && time.GetElapsedTime(before) < TidyEvery) return;
        _tidied = time.GetTimestamp();
        try
        {
            await notes.RemoveOldAsync(time.GetUtcNow(), cancellation);
            await old.RemoveAsync(alsoUnfinished: false, cancellation);
        }
        catch (Exception e) when (e is ElasticsearchException or IndexUnavailableException)
        {
            Log.NotTidied(logger, e);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The relay ends.
        }
    }

    private static long? Milliseconds(DateTimeOffset? time) => time?.ToUnixTimeMilliseconds();

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Indices and notes that are of no more use could not be removed. They are in nobody's way, and the next attempt follows in a minute.")]
        public static partial void NotTidied(ILogger logger, Exception cause);
    }
}
