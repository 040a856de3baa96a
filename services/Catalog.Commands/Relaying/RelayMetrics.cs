using System.Diagnostics.Metrics;

namespace Catalog.Commands.Relaying;

/// <summary>What the relay measures, on the meter <c>Catalog.Relay</c>.</summary>
public sealed class RelayMetrics : IDisposable
{
    /// <summary>The name of the meter.</summary>
    public const string Name = "Catalog.Relay";

    private readonly Meter _meter = new(Name);
    private readonly Counter<long> _published, _broken, _deadEvents, _leases;
    private readonly Histogram<double> _delay;

    /// <summary>Creates the instruments.</summary>
    public RelayMetrics()
    {
        _published = _meter.CreateCounter<long>("catalog.relay.published", description: "Events that the broker acknowledged.");
        _broken = _meter.CreateCounter<long>("catalog.relay.broken_sessions", description: "Producers that were given up, with what they had not been answered.");
        _deadEvents = _meter.CreateCounter<long>("catalog.relay.set_aside", description: "Events set aside because the broker will never take them.");
        _leases = _meter.CreateCounter<long>("catalog.relay.lease_changes", description: "Times that this process took the lease of the relay, lost it or gave it back.");
        _delay = _meter.CreateHistogram<double>("catalog.relay.delay", "s", "From the decision of a command until the broker acknowledged its event.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [.0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300] });
    }

    /// <summary>Shows how far the relay is: the active one shows values, the others none.</summary>
    internal void Show(Func<RelayGauges?> read)
    {
        _meter.CreateObservableGauge("catalog.relay.active", () => read() is null ? 0 : 1, description: "1 in the process that has the lease of the relay.");
        _meter.CreateObservableGauge("catalog.relay.backlog", () => One(read()?.Backlog), description: "Events that the broker has not acknowledged. Where positions are not dense, an upper bound.");
        _meter.CreateObservableGauge("catalog.relay.backlog_age", () => One(read()?.Age), "s", "How old the oldest of them is.");
        _meter.CreateObservableGauge("catalog.relay.direct_sync", () => One<int>(read() is { } now ? now.DirectSync ? 1 : 0 : null), description: "1 while the index is fed from the event log, because the queue cannot be reached or is not caught up yet.");
        _meter.CreateObservableGauge("catalog.relay.direct_sync_lag", () => One<double>(read() is { DirectSync: true } now ? now.DirectSyncLag : null), "s", "While direct sync is on: for how long the oldest event has waited that is not in the index.");
        _meter.CreateObservableGauge("catalog.relay.held_back", () => One(read()?.HeldBack), "s", "For how long the oldest event has been committed that no reader of the log may see, because a transaction which began before it is still open.");
        _meter.CreateObservableGauge("catalog.relay.dead_events", () => One(read()?.DeadEvents), description: "Events that are set aside; on SQL Server counted up to 10,000.");
    }

    internal void CountPublished(TimeSpan delay)
    {
        _published.Add(1);
        _delay.Record(delay.TotalSeconds);
    }

    internal void CountBroken() => _broken.Add(1);

    internal void CountDeadEvent() => _deadEvents.Add(1);

    internal void CountLease(string change) => _leases.Add(1, new KeyValuePair<string, object?>("change", change));

    /// <inheritdoc />
    public void Dispose() => _meter.Dispose();

    private static IEnumerable<Measurement<T>> One<T>(T? value)
        where T : struct => value is { } known ? [new Measurement<T>(known)] : [];
}

/// <summary>What the gauges show.</summary>
internal sealed record RelayGauges(long Backlog, double Age, bool DirectSync, double DirectSyncLag, double HeldBack, long DeadEvents);
