using Catalog.Projections;
using Catalog.Sqlite;

namespace Catalog.Standalone;

/// <summary>Trims the event log below what the index holds, and old receipts, once a minute.</summary>
internal sealed partial class Housekeeping(Retention retention, IIndexSet indexes, TimeProvider time, ILogger<Housekeeping> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                var passed = await indexes.GetCurrentAsync(stoppingToken) is { } index ? await index.GetPositionAsync(stoppingToken) : 0;
                await retention.RunAsync(passed, stoppingToken);
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
