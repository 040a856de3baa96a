using System.Diagnostics.Metrics;
using Catalog.Projections;
using Catalog.Queries;

namespace Catalog.Standalone;

/// <summary>Measures once a second how far the index is behind, under the names that the projector of a cluster has for it, so that the same alerts hold.</summary>
internal sealed class ProjectionGauges : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    private readonly Meter _meter = new(ProjectionMetrics.Name);
    private readonly IProductIndex _index;
    private readonly TimeProvider _time;
    private volatile IndexStatus? _status;

    public ProjectionGauges(IProductIndex index, TimeProvider time)
    {
        (_index, _time) = (index, time);
        _meter.CreateObservableGauge("catalog.projector.lag", () => Known(status => status.LagEvents), description: "Events that are not in the index yet.");
        _meter.CreateObservableGauge("catalog.projector.lag_time", () => Known(status => status.OldestUnprojected is { } oldest && status.NextLogId is null ? (time.GetUtcNow() - oldest).TotalSeconds : 0), "s", "For how long the oldest of them has waited; 0 if there is none.");
        _meter.CreateObservableGauge("catalog.projector.dead_letters_waiting", () => Known(status => status.DeadLetters), description: "Dead letters that wait to be replayed.");
    }

    public override void Dispose()
    {
        _meter.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                _status = await _index.GetStatusAsync(stoppingToken);
            }
            catch (Exception) when (!stoppingToken.IsCancellationRequested)
            {
                // Not known, which is said of it. Who keeps the index in step tells the log why.
                _status = null;
            }
            await Task.Delay(Every, _time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private IEnumerable<Measurement<T>> Known<T>(Func<IndexStatus, T> measure) where T : struct => _status is { } status ? [new(measure(status))] : [];
}
