using System.Diagnostics;
using System.Diagnostics.Metrics;
using Catalog.Projections;

namespace Catalog.Kafka.Projecting;

/// <summary>What the projector measures about the queue, on the meter <c>Catalog.Projector</c>.</summary>
internal sealed class KafkaProjectorMetrics : IDisposable
{
    public static readonly ActivitySource Activities = new(ProjectionMetrics.Name);

    private readonly Meter _meter = new(ProjectionMetrics.Name);
    private readonly Counter<long> _otherLog;
    private long _lag, _deadLetters;
    private double _lagSeconds;
    private int _stopped;

    public KafkaProjectorMetrics()
    {
        _otherLog = _meter.CreateCounter<long>("catalog.projector.other_log", description: "Events skipped because they are of another event log than the index follows.");
        _meter.CreateObservableGauge("catalog.projector.lag", () => Volatile.Read(ref _lag), description: "Messages of this projector's partitions that are not in the index yet.");
        _meter.CreateObservableGauge("catalog.projector.lag_time", () => Volatile.Read(ref _lagSeconds), "s", "The age of the newest event in the index while there are more; 0 when it is caught up.");
        _meter.CreateObservableGauge("catalog.projector.dead_letters_waiting", () => Volatile.Read(ref _deadLetters), description: "Dead letters that wait to be replayed.");
        _meter.CreateObservableGauge("catalog.projector.stopped_partitions", () => Volatile.Read(ref _stopped), description: "Partitions that are not read until the index was rebuilt, because events of theirs are gone.");
    }

    public void CountOtherLog(int events) => _otherLog.Add(events);

    public void SetLag(long events, TimeSpan time)
    {
        Volatile.Write(ref _lag, events);
        Volatile.Write(ref _lagSeconds, time.TotalSeconds);
    }

    public void SetDeadLetters(long waiting) => Volatile.Write(ref _deadLetters, waiting);

    public void SetStopped(int partitions) => Volatile.Write(ref _stopped, partitions);

    public void Dispose() => _meter.Dispose();
}
