using Catalog.Commands.Relaying;

namespace Catalog.CommandService;

/// <summary>Once a minute, in the process that has the lease: removes old events that the queue has taken and the index holds, and old receipts.</summary>
internal sealed partial class Housekeeping(Relay relay, IOutbox outbox, IRetention retention, TimeProvider time, ILogger<Housekeeping> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                if (!relay.IsActive) continue;
                var state = await outbox.GetStateAsync(stoppingToken);
                await retention.RunAsync(Math.Min(state.Published, state.Indexed), stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                Failed(logger, e);
            }
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Old events and receipts could not be removed; it is tried again in a minute")]
    private static partial void Failed(ILogger logger, Exception error);
}
