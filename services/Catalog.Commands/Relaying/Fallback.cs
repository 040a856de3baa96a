using Microsoft.Extensions.Logging;

namespace Catalog.Commands.Relaying;

/// <summary>
/// Decides when the index is fed directly (G7): as soon as an event has waited too long for the queue, and until the queue has caught up again and its readers
/// with it, so that no read ever waits behind the backlog.
/// </summary>
internal sealed partial class Fallback(
    IOutbox outbox, IEventPublisher publisher, IDirectSync sync, Publishing publishing, RelayLease lease, RelayOptions options, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250), SaveEvery = TimeSpan.FromSeconds(1), Fresh = TimeSpan.FromSeconds(1), Soon = TimeSpan.FromSeconds(2);

    private DirectSync? _now = lease.State.DirectSync;
    private long _reached = lease.State.DirectSync?.Position ?? 0;

    /// <summary>Direct sync as it stands; null while it is off.</summary>
    public DirectSync? Now => Volatile.Read(ref _now) is { } now ? now with { Position = Interlocked.Read(ref _reached) } : null;

    /// <summary>Watches until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        while (true)
        {
            if (_now is null)
            {
                await WaitUntilQueueFailsAsync(stopping);
                Volatile.Write(ref _now, new DirectSync(time.GetUtcNow(), publishing.Published));
                Interlocked.Exchange(ref _reached, publishing.Published);
                await SaveAsync(stopping);
                Begun(logger, options.FallbackAfter.TotalSeconds, publishing.Published);
            }
            else
            {
                Continued(logger, _now.Since, _reached);
            }
            await SyncUntilQueueIsBackAsync(stopping);
            var lasted = time.GetUtcNow() - _now.Since;
            if (!await outbox.SaveDirectSyncAsync(lease.Epoch, null, stopping)) throw new RelayDeposedException();
            Volatile.Write(ref _now, null);
            Ended(logger, lasted.TotalSeconds);
        }
    }

    private async Task WaitUntilQueueFailsAsync(CancellationToken stopping)
    {
        while (!(publishing.Oldest is { } oldest && time.GetUtcNow() - oldest > options.FallbackAfter)) await Task.Delay(Look, time, stopping);
    }

    private async Task SyncUntilQueueIsBackAsync(CancellationToken stopping)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var syncing = sync.RunAsync(_reached, position => Interlocked.Exchange(ref _reached, position), enough.Token);
        try
        {
            var back = WaitUntilQueueIsBackAsync(enough.Token);
            var saving = SaveRegularlyAsync(enough.Token);
            await await Task.WhenAny(back, saving, syncing);
            if (!back.IsCompletedSuccessfully) throw new InvalidOperationException("Direct sync ended by itself.");
        }
        finally
        {
            await enough.CancelAsync();
            await syncing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>
    /// Completes when the queue is as good as the log: events go out at once, and what the topic held at some moment has been put into the index soon after that moment.
    /// A wait behind a backlog is long, and the events that arrived in it are a backlog again: then it is asked for anew.
    /// </summary>
    private async Task WaitUntilQueueIsBackAsync(CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await Task.Delay(Look, time, cancellation);
                if (!IsFresh) continue;
                var begun = time.GetTimestamp();
                var end = await publisher.GetEndAsync(cancellation);
                while (!await publisher.HasPassedAsync(end, cancellation)) await Task.Delay(Look, time, cancellation);
                if (IsFresh && time.GetElapsedTime(begun) < Soon) return;
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                StillAway(logger, e.Message);
            }
        }
    }

    private bool IsFresh => publishing.Oldest is not { } oldest || time.GetUtcNow() - oldest < Fresh;

    private async Task SaveRegularlyAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(SaveEvery, time);
        while (await timer.WaitForNextTickAsync(cancellation))
        {
            try
            {
                await SaveAsync(cancellation);
            }
            catch (CommandStoreException)
            {
                // It is only where the next holder would go on; written twice, nothing changes.
            }
        }
    }

    private async Task SaveAsync(CancellationToken cancellation)
    {
        if (!await outbox.SaveDirectSyncAsync(lease.Epoch, Now, cancellation)) throw new RelayDeposedException();
    }

    [LoggerMessage(1, LogLevel.Error, "The queue has not taken an event for {Seconds} s: the index is fed from the event log directly, after position {Position}")]
    private static partial void Begun(ILogger logger, double seconds, long position);

    [LoggerMessage(2, LogLevel.Warning, "Direct sync, on since {Since:u}, goes on after position {Position}")]
    private static partial void Continued(ILogger logger, DateTimeOffset since, long position);

    [LoggerMessage(3, LogLevel.Warning, "The queue has caught up: direct sync ended after {Seconds:0} s")]
    private static partial void Ended(ILogger logger, double seconds);

    [LoggerMessage(4, LogLevel.Debug, "The queue cannot be asked how far its readers are: {Reason}")]
    private static partial void StillAway(ILogger logger, string reason);
}
