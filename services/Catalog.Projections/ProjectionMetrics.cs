using System.Diagnostics.Metrics;

namespace Catalog.Projections;

/// <summary>What the projector measures, on the meter <c>Catalog.Projector</c>.</summary>
public sealed class ProjectionMetrics : IDisposable
{
    /// <summary>The name of the meter and of the activity source.</summary>
    public const string Name = "Catalog.Projector";

    private readonly Meter _meter = new(Name);
    private readonly Counter<long> _projected, _retries, _deadLetters, _rebuilds;
    private readonly Histogram<double> _delay;

    /// <summary>Creates the instruments.</summary>
    public ProjectionMetrics()
    {
        _projected = _meter.CreateCounter<long>("catalog.projector.events", description: "Events that were written into the index, or found there already.");
        _retries = _meter.CreateCounter<long>("catalog.projector.retries", description: "Attempts to write into the index that failed and were made again.");
        _deadLetters = _meter.CreateCounter<long>("catalog.projector.dead_letters", description: "Events set aside because they could not be written into the index.");
        // Known from the beginning: a series that begins with the first one has not increased.
        _deadLetters.Add(0);
        _rebuilds = _meter.CreateCounter<long>("catalog.projector.rebuilds", description: "Indices built anew.");
        _delay = _meter.CreateHistogram<double>("catalog.projector.delay", "s", "From the decision of a command until its event is in the index.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60] });
    }

    internal void CountProjected(int events, IEnumerable<DateTimeOffset> occurred, DateTimeOffset now)
    {
        _projected.Add(events);
        foreach (var time in occurred) _delay.Record((now - time).TotalSeconds);
    }

    internal void CountRetry() => _retries.Add(1);

    internal void CountDeadLetter() => _deadLetters.Add(1);

    internal void CountRebuild() => _rebuilds.Add(1);

    /// <inheritdoc />
    public void Dispose() => _meter.Dispose();
}
