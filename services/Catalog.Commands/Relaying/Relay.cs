using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Catalog.Commands.Relaying;

/// <summary>
/// The outbox relay: publishes the event log to the queue, in one process at a time. Every command service runs one; the lease says which is active. It goes to another within
/// <see cref="RelayOptions.LeaseDuration"/> when its holder dies or hangs, and at once when the holder is shut down (G11).
/// </summary>
public sealed partial class Relay : BackgroundService
{
    // How soon a lease that was given back is taken.
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    private readonly IOutbox _outbox;
    private readonly IEventPublisher _publisher;
    private readonly IDirectSync _sync;
    private readonly RelayOptions _options;
    private readonly TimeProvider _time;
    private readonly RelayMetrics _metrics;
    private readonly ILogger<Relay> _logger;
    private readonly string _owner = $"{Environment.MachineName}/{Environment.ProcessId}";
    private volatile Term? _term;

    /// <summary>Creates a relay that is not running yet.</summary>
    public Relay(
        IOutbox outbox, IEventPublisher publisher, IDirectSync sync, RelayOptions options, TimeProvider time, RelayMetrics metrics, ILogger<Relay> logger)
    {
        (_outbox, _publisher, _sync, _options, _time, _metrics, _logger) = (outbox, publisher, sync, options, time, metrics, logger);
        metrics.Show(() => _term is { } term ? new RelayGauges(
            term.Backlog, Age(term.Publishing.Oldest), term.Fallback.Since is not null, Age(term.Unindexed), Age(term.State.HeldSince), term.State.DeadEvents) : null);
    }

    /// <summary>Whether this process has the lease.</summary>
    public bool IsActive => _term is not null;

    /// <summary>How far the relay is; null while another process has the lease.</summary>
    public async ValueTask<RelayStatus?> GetStatusAsync(CancellationToken cancellation)
    {
        if (_term is not { } term) return null;
        var state = await _outbox.GetStateAsync(cancellation);
        var direct = term.Fallback.Since is not null;
        var indexed = term.Fallback.Indexed;
        DateTimeOffset? unindexed = direct && await _outbox.ReadAsync(indexed, 1, cancellation) is [var next, ..] ? next.Occurred : null;
        term.See(state, unindexed);
        var backlog = direct ? Math.Max(0, state.Head - indexed) : term.Backlog;
        var oldest = direct ? unindexed : term.Publishing.Oldest;
        // For a moment that is so with every commit that overtakes another.
        if (state.HeldSince is { } held && _time.GetUtcNow() - held > Look) (backlog, oldest) = (backlog + 1, oldest < held ? oldest : held);
        return new RelayStatus(state.LogId, term.Lease.Epoch, term.Publishing.Published, backlog, oldest, direct);
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (await _outbox.TryAcquireAsync(_owner, _options.LeaseDuration, stoppingToken) is { } lease) await LeadAsync(lease, stoppingToken);
                else await Task.Delay((_options.LeaseRenewal < Look ? _options.LeaseRenewal : Look) * (0.5 + Random.Shared.NextDouble() / 2), _time, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
            }
            catch (Exception e)
            {
                Failed(_logger, e);
                await Task.Delay(TimeSpan.FromSeconds(1), _time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task LeadAsync(RelayLease lease, CancellationToken stopping)
    {
        _metrics.CountLease("taken");
        Taken(_logger, lease.Epoch, lease.State.Published);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var publishing = new Publishing(_outbox, _publisher, lease, _time, _metrics, _logger);
        var fallback = new Fallback(_outbox, _publisher, _sync, publishing, lease, _options, _time, _logger);
        _term = new Term(lease, publishing, fallback);
        Task[] parts = [RenewAsync(lease.Epoch, ended.Token), publishing.RunAsync(ended.Token), publishing.SaveAsync(ended.Token), fallback.RunAsync(ended.Token)];
        try
        {
            await await Task.WhenAny(parts);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
        }
        catch (RelayDeposedException)
        {
            _metrics.CountLease("lost");
            Lost(_logger, lease.Epoch);
        }
        finally
        {
            await ended.CancelAsync();
            foreach (var part in parts) await part.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _term = null;
            await HandOverAsync(lease.Epoch, publishing);
        }
    }

    private async Task RenewAsync(long epoch, CancellationToken stopping)
    {
        var renewed = _time.GetTimestamp();
        while (true)
        {
            await Task.Delay(_options.LeaseRenewal, _time, stopping);
            var begun = _time.GetTimestamp();
            try
            {
                if (!await _outbox.RenewAsync(epoch, _options.LeaseDuration, stopping)) throw new RelayDeposedException();
                renewed = begun;
            }
            catch (CommandStoreException e)
            {
                Failed(_logger, e);
            }
            if (_time.GetElapsedTime(renewed) > _options.LeaseDuration) throw new RelayDeposedException();
        }
    }

    // What the broker acknowledged in the last moment is noted, and the lease need not run out. Both are refused where another relay has it.
    private async Task HandOverAsync(long epoch, Publishing publishing)
    {
        try
        {
            await publishing.SaveNowAsync(CancellationToken.None);
            await _outbox.ReleaseAsync(epoch, CancellationToken.None);
            _metrics.CountLease("released");
        }
        catch (Exception e) when (e is RelayDeposedException or CommandStoreException)
        {
            // Then it runs out, and the next holder publishes again what was not noted.
        }
    }

    private double Age(DateTimeOffset? since) => since is { } then ? Math.Max(0, (_time.GetUtcNow() - then).TotalSeconds) : 0;

    /// <summary>The time for which this process has the lease, and what was found when the status was asked for last.</summary>
    private sealed class Term(RelayLease lease, Publishing publishing, Fallback fallback)
    {
        private volatile Tuple<OutboxState, DateTimeOffset?> _seen = new(lease.State, null);

        public RelayLease Lease => lease;

        public Publishing Publishing => publishing;

        public Fallback Fallback => fallback;

        public OutboxState State => _seen.Item1;

        public DateTimeOffset? Unindexed => _seen.Item2;

        public long Backlog => publishing.Unacknowledged + Math.Max(0, State.Head - publishing.Read);

        public void See(OutboxState state, DateTimeOffset? unindexed) => _seen = new(state, unindexed);
    }

    [LoggerMessage(1, LogLevel.Information, "This process relays the event log now (epoch {Epoch}), after position {Position}")]
    private static partial void Taken(ILogger logger, long epoch, long position);

    [LoggerMessage(2, LogLevel.Warning, "Another process relays the event log now; this one had epoch {Epoch}")]
    private static partial void Lost(ILogger logger, long epoch);

    [LoggerMessage(3, LogLevel.Warning, "The relay failed and starts again")]
    private static partial void Failed(ILogger logger, Exception error);
}

/// <summary>How far the relay is.</summary>
/// <param name="LogId">The event log.</param>
/// <param name="Epoch">The epoch of its lease.</param>
/// <param name="Published">The position up to which the broker acknowledged everything.</param>
/// <param name="Backlog">How many events are not published; while direct sync is on, not in the index. Where positions are not dense, an upper bound; of those that an open transaction holds back, one.</param>
/// <param name="Oldest">When the oldest of them occurred; null if there is none.</param>
/// <param name="DirectSync">Whether direct sync is on.</param>
public sealed record RelayStatus(string LogId, long Epoch, long Published, long Backlog, DateTimeOffset? Oldest, bool DirectSync);
