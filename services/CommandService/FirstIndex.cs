using Catalog.Commands.Relaying;
using Catalog.Projections;

namespace Catalog.CommandService;

/// <summary>Builds an index where none serves: what <c>rebuild --if-missing</c> does.</summary>
internal sealed class FirstIndex(IEventLog log, IIndexSet indexes, IndexRebuild rebuild)
{
    /// <summary>Builds it, unless an index serves that follows the log of this command database.</summary>
    /// <returns>Whether one was built.</returns>
    /// <exception cref="InvalidOperationException">The index follows another log, or another rebuild is running.</exception>
    public async Task<bool> EnsureAsync(bool allowMissing, CancellationToken cancellation)
    {
        if (await indexes.GetCurrentAsync(cancellation) is not { } current)
        {
            await rebuild.RunAsync(allowMissing, cancellation);
            return true;
        }
        var logId = (await log.GetBoundsAsync(cancellation)).LogId;
        if (current.LogId != logId)
            throw new InvalidOperationException($"The index follows the event log {current.LogId}, and this command database has {logId}. If the database was restored, run \"restored\"; if it is another catalog's, set Elasticsearch:Alias to another name.");
        await rebuild.FinishAsync(cancellation);
        return false;
    }
}

/// <summary>In the process that has the lease: goes on where a rebuild was killed after its index began to serve.</summary>
internal sealed partial class RebuildCompletion(Relay relay, IndexRebuild rebuild, TimeProvider time, ILogger<RebuildCompletion> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        for (var said = ""; await timer.WaitForNextTickAsync(stoppingToken);)
        {
            try
            {
                if (relay.IsActive) await rebuild.FinishAsync(stoppingToken);
                said = "";
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // Once for each reason, not every time.
                if (e.Message != said) Failed(logger, said = e.Message);
            }
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "It could not be seen to that the index is complete; it is tried again: {Reason}")]
    private static partial void Failed(ILogger logger, string reason);
}

/// <summary>
/// Sees to the first index beside the commands, which do not wait for it. For a command database on a volume that only this process has, so that no job can build the index from it:
/// <c>Commands:BuildFirstIndex</c>.
/// </summary>
internal sealed partial class FirstIndexBuilder(FirstIndex first, TimeProvider time, ILogger<FirstIndexBuilder> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        for (var said = ""; ;)
        {
            try
            {
                await first.EnsureAsync(allowMissing: false, stoppingToken);
                return;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // Once for each reason, not every time.
                if (e.Message != said) NotYet(logger, said = e.Message);
            }
            await Task.Delay(Pause, time, stoppingToken);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "There is no index that this service can feed; it is tried again: {Reason}")]
    private static partial void NotYet(ILogger logger, string reason);
}
