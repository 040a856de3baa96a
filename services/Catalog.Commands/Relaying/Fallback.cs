using Microsoft.Extensions.Logging;

namespace Catalog.Commands.Relaying;

/// <summary>
/// Decides when the index is fed directly (G7): as soon as an event has waited too long for the queue, or is in the queue and its readers cannot be seen to have it, because the
/// queue does not answer; and until the queue has caught up again and its readers with it, so that no read ever waits behind the backlog. It begins where the readers were last seen.
/// </summary>
internal sealed partial class Fallback(
    IOutbox outbox, IEventPublisher publisher, IDirectSync sync, Publishing publishing, RelayLease lease, RelayOptions options, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250), Ask = TimeSpan.FromMilliseconds(500), SaveEvery = TimeSpan.FromSeconds(1), Fresh = TimeSpan.FromSeconds(1), Soon = TimeSpan.FromSeconds(2);

    private long _since = lease.State.DirectSyncSince?.UtcTicks ?? 0;
    private long _indexed = lease.State.Indexed;
    private (long Indexed, string? Topic) _saved = (lease.State.Indexed, lease.State.TopicId);
    private long _answered;
    private volatile string? _topic = lease.State.TopicId;
    // Up to here the queue brings nothing again. Whoever goes on with a direct sync does not know, and takes everything to be so.
    private long _lost = lease.State.DirectSyncSince is null ? 0 : lease.State.Published;

    /// <summary>Since when direct sync is on; null while it is off.</summary>
    public DateTimeOffset? Since => Interlocked.Read(ref _since) is > 0 and var ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    /// <summary>Up to here everything is known to be in the index.</summary>
    public long Indexed => Interlocked.Read(ref _indexed);

    /// <summary>Watches until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        while (true)
        {
            if (Since is not { } since)
            {
                await WaitUntilQueueFailsAsync(stopping);
                since = time.GetUtcNow();
                Interlocked.Exchange(ref _since, since.UtcTicks);
                await SaveAsync(stopping);
                Begun(logger, options.FallbackAfter.TotalSeconds, Indexed);
            }
            else
            {
                Continued(logger, since, Indexed);
            }
            await SyncUntilQueueIsBackAsync(stopping);
            if (!await outbox.SaveIndexedAsync(lease.Epoch, Indexed, null, _topic, stopping)) throw new RelayDeposedException();
            Interlocked.Exchange(ref _since, 0);
            Ended(logger, (time.GetUtcNow() - since).TotalSeconds);
        }
    }

    private async Task WaitUntilQueueFailsAsync(CancellationToken stopping)
    {
        Answered();
        Interlocked.Exchange(ref _lost, 0);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var following = FollowReadersAsync(enough.Token);
        try
        {
            while (!HasFailed())
            {
                await Task.Delay(Look, time, stopping);
                if (following.IsCompleted) await following;
            }
        }
        finally
        {
            await enough.CancelAsync();
            await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private bool HasFailed() =>
        Interlocked.Read(ref _lost) > 0
        || (publishing.Oldest is { } oldest && time.GetUtcNow() - oldest > options.FallbackAfter)
        || (Indexed < publishing.Published && time.GetElapsedTime(Interlocked.Read(ref _answered)) > options.FallbackAfter);

    private void Answered() => Interlocked.Exchange(ref _answered, time.GetTimestamp());

    /// <summary>Notes what the readers of the queue have put into the index.</summary>
    private async Task FollowReadersAsync(CancellationToken cancellation)
    {
        while (true)
        {
            await Task.Delay(Ask, time, cancellation);
            try
            {
                var published = publishing.Published;
                if (published > Indexed)
                {
                    var end = await publisher.GetEndAsync(cancellation);
                    if (_topic is null)
                    {
                        _topic = end.TopicId;
                        await SaveIfChangedAsync(cancellation);
                    }
                    var topic = end.TopicId;
                    while (topic == _topic && !await publisher.HasPassedAsync(end, cancellation))
                    {
                        Answered();
                        await Task.Delay(Ask, time, cancellation);
                        topic = (await publisher.GetEndAsync(cancellation)).TopicId;
                    }
                    if (topic != _topic)
                    {
                        // What the one before had taken went with it, and its readers may not have had it.
                        _topic = topic;
                        Interlocked.Exchange(ref _lost, published);
                        Remade(logger, Indexed, published);
                        return;
                    }
                    Interlocked.Exchange(ref _indexed, published);
                }
                Answered();
            }
            catch (Exception e) when (e is not (OperationCanceledException or RelayDeposedException))
            {
                StillAway(logger, e.Message);
                continue;
            }
            await SaveIfChangedAsync(cancellation);
        }
    }

    private async Task SyncUntilQueueIsBackAsync(CancellationToken stopping)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var syncing = sync.RunAsync(Indexed, Interlocked.Read(ref _lost), position => Interlocked.Exchange(ref _indexed, position), enough.Token);
        var saving = SaveRegularlyAsync(enough.Token);
        try
        {
            var back = WaitUntilQueueIsBackAsync(enough.Token);
            await await Task.WhenAny(back, saving, syncing);
            if (!back.IsCompletedSuccessfully) throw new InvalidOperationException("Direct sync ended by itself.");
        }
        finally
        {
            await enough.CancelAsync();
            await syncing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await saving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>
    /// Completes when the queue is as good as the log: what the log held at some moment was out soon after, and what the topic held then has been put into the index soon after that.
    /// A wait behind a backlog is long, and the events that arrived in it are a backlog again: then it is asked for anew. What the log held is in the index by then: the
    /// topic may have lost it.
    /// </summary>
    private async Task WaitUntilQueueIsBackAsync(CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await Task.Delay(Look, time, cancellation);
                if (!IsFresh) continue;
                var head = (await outbox.GetStateAsync(cancellation)).Head;
                var begun = time.GetTimestamp();
                bool IsOut() => publishing.Published >= head && Indexed >= head;
                while (!IsOut() && time.GetElapsedTime(begun) < Soon) await Task.Delay(Look, time, cancellation);
                if (!IsOut()) continue;
                begun = time.GetTimestamp();
                var end = await publisher.GetEndAsync(cancellation);
                while (!await publisher.HasPassedAsync(end, cancellation) && time.GetElapsedTime(begun) < Soon) await Task.Delay(Look, time, cancellation);
                if (!IsFresh || time.GetElapsedTime(begun) >= Soon) continue;
                _topic = end.TopicId;
                return;
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                StillAway(logger, e.Message);
            }
        }
    }

    private bool IsFresh => publishing.HandedOver is not { } handedOver || time.GetUtcNow() - handedOver < Fresh;

    private async Task SaveRegularlyAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(SaveEvery, time);
        while (await timer.WaitForNextTickAsync(cancellation)) await SaveIfChangedAsync(cancellation);
    }

    private async Task SaveIfChangedAsync(CancellationToken cancellation)
    {
        if ((Indexed, _topic) == _saved) return;
        try
        {
            await SaveAsync(cancellation);
        }
        catch (CommandStoreException)
        {
            // It is only where the next holder would go on; written twice, nothing changes.
        }
    }

    private async Task SaveAsync(CancellationToken cancellation)
    {
        var (indexed, topic) = (Indexed, _topic);
        if (!await outbox.SaveIndexedAsync(lease.Epoch, indexed, Since, topic, cancellation)) throw new RelayDeposedException();
        _saved = (indexed, topic);
    }

    [LoggerMessage(1, LogLevel.Error, "The queue has not taken an event for {Seconds} s, or lost some: the index is fed from the event log directly, after position {Position}")]
    private static partial void Begun(ILogger logger, double seconds, long position);

    [LoggerMessage(2, LogLevel.Warning, "Direct sync, on since {Since:u}, goes on after position {Position}")]
    private static partial void Continued(ILogger logger, DateTimeOffset since, long position);

    [LoggerMessage(3, LogLevel.Warning, "The queue has caught up: direct sync ended after {Seconds:0} s")]
    private static partial void Ended(ILogger logger, double seconds);

    [LoggerMessage(5, LogLevel.Error, "The topic was made anew: what it had taken of the events after position {Indexed}, up to {Published}, is written into the index from the event log")]
    private static partial void Remade(ILogger logger, long indexed, long published);

    [LoggerMessage(4, LogLevel.Debug, "The queue cannot be asked how far its readers are: {Reason}")]
    private static partial void StillAway(ILogger logger, string reason);
}
