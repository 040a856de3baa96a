using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Catalog.Hosting;

/// <summary>
/// Ready means: started, has reached its stores once, and is not shutting down. A store that is lost later is a typed UNAVAILABLE, a metric and an alert, never
/// unreadiness: all replicas unready at once would be an outage without a word.
/// </summary>
/// <param name="reached">Whether the stores were reached; asked until it says so once.</param>
/// <param name="lifetime">Tells of the shutdown.</param>
internal sealed class Readiness(Func<CancellationToken, ValueTask<bool>> reached, IHostApplicationLifetime lifetime) : IHealthCheck
{
    private volatile bool _reached;

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (lifetime.ApplicationStopping.IsCancellationRequested) return HealthCheckResult.Unhealthy("shutting down");
        if (!_reached) _reached = await reached(cancellationToken);
        return _reached ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("starting");
    }
}
