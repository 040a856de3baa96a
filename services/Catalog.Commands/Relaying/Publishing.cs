using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Catalog.Commands.Relaying;

/// <summary>Publishes the event log under one lease: in order, at least once, and the checkpoint never before the broker's answer.</summary>
internal sealed partial class Publishing(IOutbox outbox, IEventPublisher publisher, RelayLease lease, TimeProvider time, RelayMetrics metrics, ILogger logger)
{
    private const int Batch = 1000;
    private const int MaxVain = 6;
    private static readonly TimeSpan CheckpointEvery = TimeSpan.FromMilliseconds(100), Pause = TimeSpan.FromSeconds(1), LastFlush = TimeSpan.FromSeconds(5), Patience = TimeSpan.FromSeconds(1),
        Look = TimeSpan.FromSeconds(10), CloseLimit = TimeSpan.FromSeconds(10);

    private readonly InFlight _inFlight = new(lease.State.Published);
    private readonly Channel<PublishReport> _refused = Channel.CreateUnbounded<PublishReport>();
    private long _saved = lease.State.Published;
    private long _read = lease.State.Published;
    private long _closedSince;

    /// <summary>Up to here the broker acknowledged everything.</summary>
    public long Published => _inFlight.Published;

    /// <summary>Up to here events were handed to the queue.</summary>
    public long Read => Interlocked.Read(ref _read);

    /// <summary>How many events were handed to the queue and are not acknowledged.</summary>
    public int Unacknowledged => _inFlight.Count;

    /// <summary>When the oldest event occurred that is not acknowledged; null if there is none. Where no session can be opened, so that none is even read: since when.</summary>
    public DateTimeOffset? Oldest => ClosedSince ?? _inFlight.Oldest;

    /// <summary>The same, of when it was handed to the queue: other clocks do not come into it.</summary>
    public DateTimeOffset? HandedOver => ClosedSince ?? _inFlight.HandedOver;

    private DateTimeOffset? ClosedSince => Interlocked.Read(ref _closedSince) is > 0 and var ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    /// <summary>Publishes until it is cancelled. Failures are retried; nothing is skipped.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await RunSessionAsync(stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
            }
            catch (Exception e) when (e is not RelayDeposedException)
            {
                Failed(logger, e);
                await Task.Delay(Pause, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Moves the checkpoint while there is something to move, until it is cancelled.</summary>
    public async Task SaveAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(CheckpointEvery, time);
        while (await timer.WaitForNextTickAsync(stopping))
        {
            try
            {
                await SaveNowAsync(stopping);
            }
            catch (CommandStoreException e)
            {
                Failed(logger, e);
            }
        }
    }

    /// <summary>Moves the checkpoint to what the broker acknowledged.</summary>
    /// <exception cref="RelayDeposedException">Another relay has the lease.</exception>
    public async Task SaveNowAsync(CancellationToken cancellation)
    {
        // An event that was refused is passed only after it is safe.
        while (_refused.Reader.TryPeek(out var refused))
        {
            if (_inFlight.Find(refused.Position) is { } happened) await SetAsideAsync(happened, refused.Reason ?? "The broker refused it.", cancellation);
            _refused.Reader.TryRead(out _);
            _inFlight.Done(refused.Position);
        }
        var published = _inFlight.Published;
        if (published == _saved) return;
        if (!await outbox.SavePublishedAsync(lease.Epoch, published, cancellation)) throw new RelayDeposedException();
        _saved = published;
    }

    private async Task RunSessionAsync(CancellationToken stopping)
    {
        var broken = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        // A report of a session before this one says nothing any more: its events are handed over again.
        _inFlight.Forget();
        Interlocked.Exchange(ref _read, _inFlight.Published);
        var session = Open(broken);
        try
        {
            var reading = ReadAndPublishAsync(session, ended.Token);
            _ = EndStandstillAsync(broken, ended.Token);
            await Task.WhenAny(reading, broken.Task);
            if (broken.Task.IsCompletedSuccessfully)
            {
                await ended.CancelAsync();
                await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                metrics.CountBroken();
                Broken(logger, await broken.Task, Published);
                await Task.Delay(Pause, time, stopping);
                return;
            }
            await reading;
        }
        finally
        {
            // A queue that does not answer is not waited for: the next relay feeds the index meanwhile.
            if (stopping.IsCancellationRequested && !(time.GetUtcNow() - Oldest > Patience)) await session.FlushAsync(LastFlush, CancellationToken.None);
            broken.TrySetResult("");
            await ended.CancelAsync();
            // One that is locked up is left where it is.
            await session.DisposeAsync().AsTask().WaitAsync(CloseLimit, time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Gives a session up that gets nothing out for a minute though the queue answers others: its client is dead, and may not know.</summary>
    private async Task EndStandstillAsync(TaskCompletionSource<string> broken, CancellationToken cancellation)
    {
        var before = 0L;
        for (var vain = 0; vain < MaxVain;)
        {
            await Task.Delay(Look, time, cancellation);
            try
            {
                if (_inFlight.Count > 0 && Published == before)
                {
                    await publisher.GetEndAsync(cancellation);
                    vain++;
                    continue;
                }
            }
            catch (Exception e) when (e is not OperationCanceledException) { }
            (before, vain) = (Published, 0);
        }
        broken.TrySetResult("it answers, and takes no event");
    }

    private IPublishSession Open(TaskCompletionSource<string> broken)
    {
        try
        {
            var session = publisher.Open(report => Take(report, broken));
            Interlocked.Exchange(ref _closedSince, 0);
            return session;
        }
        catch
        {
            Interlocked.CompareExchange(ref _closedSince, time.GetUtcNow().UtcTicks, 0);
            throw;
        }
    }

    private async Task ReadAndPublishAsync(IPublishSession session, CancellationToken cancellation)
    {
        while (true)
        {
            await _inFlight.UntilRoomAsync().WaitAsync(cancellation);
            var events = await ReadAsync(cancellation);
            var now = time.GetUtcNow();
            foreach (var happened in events)
            {
                // None occurred later than now, whatever a clock elsewhere says: how old the oldest is decides whether the queue is passed by.
                _inFlight.Add(happened.Occurred > now ? happened with { Occurred = now } : happened, now);
                if (EventEnvelope.TryCreate(happened, lease.State.LogId, out var envelope, out var fault)) await session.PublishAsync(envelope, cancellation);
                else _refused.Writer.TryWrite(new PublishReport(happened.Position, PublishOutcome.Refused, fault));
                Interlocked.Exchange(ref _read, happened.Position);
            }
        }
    }

    /// <summary>The next events. A command database that is away for a moment is no reason to give up what is on its way to the queue.</summary>
    private async Task<IReadOnlyList<OutboxEvent>> ReadAsync(CancellationToken cancellation)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                if (await outbox.ReadAsync(Read, Batch, cancellation) is { Count: > 0 } events)
                {
                    // After the events. Where the database was restored meanwhile, they may be of either log, and the positions of the lease are those of the one that is gone.
                    if ((await outbox.GetStateAsync(cancellation)).LogId != lease.State.LogId) throw new RelayDeposedException();
                    return events;
                }
                await outbox.WaitAsync(Read, cancellation);
            }
            catch (CommandStoreException e)
            {
                Failed(logger, e);
                await Task.Delay(Pause, time, cancellation);
            }
        }
    }

    private void Take(PublishReport report, TaskCompletionSource<string> broken)
    {
        if (report.Outcome == PublishOutcome.Broken)
        {
            broken.TrySetResult(report.Reason ?? "The connection to the queue broke.");
            return;
        }
        if (broken.Task.IsCompleted) return;
        if (report.Outcome == PublishOutcome.Refused) _refused.Writer.TryWrite(report);
        else if (_inFlight.Done(report.Position) is { } occurred) metrics.CountPublished(time.GetUtcNow() - occurred);
    }

    private async Task SetAsideAsync(OutboxEvent happened, string reason, CancellationToken cancellation)
    {
        await outbox.SetAsideAsync(new DeadEvent(happened.Position, happened.TraceParent, happened.Body, reason, time.GetUtcNow()), cancellation);
        metrics.CountDeadEvent();
        SetAside(logger, happened.Position, reason);
    }

    [LoggerMessage(1, LogLevel.Warning, "Publishing failed and goes on in a moment")]
    private static partial void Failed(ILogger logger, Exception error);

    [LoggerMessage(2, LogLevel.Warning, "The queue broke off ({Reason}); publishing starts again after position {Position}")]
    private static partial void Broken(ILogger logger, string reason, long position);

    [LoggerMessage(3, LogLevel.Error, "The event at position {Position} was set aside: {Reason}")]
    private static partial void SetAside(ILogger logger, long position, string reason);
}

/// <summary>Another relay took the lease.</summary>
internal sealed class RelayDeposedException() : Exception("Another relay has the lease.");
