using Catalog.Commands.Relaying;
using Catalog.Projections;

namespace Catalog.CommandService;

/// <summary>While this process has the lease, notes once a second beside the index how far the relay is.</summary>
internal sealed partial class StatusReports(Relay relay, IStatusBoard board, TimeProvider time, ILogger<StatusReports> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        var failed = false;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                if (await relay.GetStatusAsync(stoppingToken) is not { } status) continue;
                await board.ReportAsync(new RelayReport(status.LogId, status.Epoch, status.Backlog, status.Oldest, status.DirectSync, time.GetUtcNow()), stoppingToken);
                failed = false;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // Once, not every second: who reads the status sees that it is old.
                if (!failed) Failed(logger, e.Message);
                failed = true;
            }
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The status of the relay cannot be noted: {Reason}")]
    private static partial void Failed(ILogger logger, string reason);
}
