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
    private long _deadLetters;
    private int _stopped;
    private volatile Tuple<long, TimeSpan>? _lag;

    public KafkaProjectorMetrics()
    {
        _otherLog = _meter.CreateCounter<long>("catalog.projector.other_log", description: "Events skipped because they are of another event log than the index follows.");
        _otherLog.Add(0);
        _meter.CreateObservableGauge("catalog.projector.lag", () => Known<long>(lag => lag.Messages), description: "Messages that are not in the index yet, whichever projector has them; each of them says it.");
        _meter.CreateObservableGauge("catalog.projector.lag_time", () => Known<double>(lag => lag.Time.TotalSeconds), "s", "For how long the oldest of them has waited, as far as this projector knows; 0 if there is none.");
        _meter.CreateObservableGauge("catalog.projector.dead_letters_waiting", () => Volatile.Read(ref _deadLetters), description: "Dead letters that wait to be replayed.");
        _meter.CreateObservableGauge("catalog.projector.stopped_partitions", () => Volatile.Read(ref _stopped), description: "Partitions that are not read until the index was rebuilt, because events of theirs are gone.");
    }

    public void CountOtherLog(int events) => _otherLog.Add(events);

    /// <summary>How far behind the projectors are; null while nobody can tell.</summary>
    public (long Messages, TimeSpan Time)? Lag
    {
        get => _lag?.ToValueTuple();
        set => _lag = value?.ToTuple();
    }

    public void SetDeadLetters(long waiting) => Volatile.Write(ref _deadLetters, waiting);

    public void SetStopped(int partitions) => Volatile.Write(ref _stopped, partitions);

    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<T>> Known<T>(Func<(long Messages, TimeSpan Time), T> measure) where T : struct => Lag is { } lag ? [new(measure(lag))] : [];
}
