using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Catalog.Projections;

/// <summary>
/// The projector inside the standalone process: keeps the index in step with the event log, and builds it anew when it is missing, damaged, of an older schema, of
/// another log, behind what the log still holds, or ahead of it because the command database was restored.
/// </summary>
public sealed partial class EmbeddedProjection(
    IEventLog log, IIndexSet indexes, LogWriter writer, IndexRebuild rebuild, TimeProvider time, ILogger<EmbeddedProjection> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Channel<TaskCompletionSource> _requests = Channel.CreateBounded<TaskCompletionSource>(1);

    /// <summary>Builds the index anew while the present one serves. Completes when the new one serves; false if one is being built already.</summary>
    public async Task<bool> RebuildAsync(CancellationToken cancellation)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_requests.Writer.TryWrite(done)) return false;
        await done.Task.WaitAsync(cancellation);
        return true;
    }

    /// <summary>
    /// Notices that the command database was restored from a backup, before the first command can lift it past what the index holds of the lost future, and before the first
    /// receipt names a log that is void (G12).
    /// </summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            var bounds = await log.GetBoundsAsync(cancellationToken);
            if (await indexes.GetCurrentAsync(cancellationToken) is { } index && index.LogId == bounds.LogId && await index.GetPositionAsync(cancellationToken) > bounds.Head)
            {
                Restored(logger);
                await log.RenewAsync(cancellationToken);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // An index that cannot even say its position is built anew.
            Failed(logger, e);
        }
        await base.StartAsync(cancellationToken);
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await RunAsync(stoppingToken);
        // Whoever asked for a rebuild that was not begun is not left waiting.
        _requests.Writer.Complete();
        while (_requests.Reader.TryRead(out var done)) done.TrySetCanceled(stoppingToken);
    }

    private async Task RunAsync(CancellationToken stoppingToken)
    {
        for (var said = ""; !stoppingToken.IsCancellationRequested;)
        {
            try
            {
                await FollowUntilAskedAsync(await GetIndexAsync(stoppingToken), stoppingToken);
                said = "";
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // Once for each reason, not every time.
                if (e.Message != said) Failed(logger, e);
                said = e.Message;
                await Task.Delay(Pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Follows the log with this index, until a rebuild that was asked for has put another one in its place.</summary>
    private async Task FollowUntilAskedAsync(IIndexWriter index, CancellationToken stopping)
    {
        using var turn = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var following = writer.FollowAsync(index, turn.Token);
        var asked = _requests.Reader.WaitToReadAsync(turn.Token).AsTask();
        try
        {
            await Task.WhenAny(following, asked, indexes.Unusable);
            if (indexes.Unusable.IsCompleted) return;
            if (following.IsCompleted) await following;
            if (!_requests.Reader.TryPeek(out var done)) return;
            try
            {
                // The present index is followed meanwhile, so that no read goes stale.
                await rebuild.RunAsync(allowMissing: index.LogId != (await log.GetBoundsAsync(turn.Token)).LogId, turn.Token);
                done.SetResult();
            }
            catch (Exception e)
            {
                done.SetException(e);
                throw;
            }
            finally
            {
                _requests.Reader.TryRead(out _);
            }
        }
        finally
        {
            await turn.CancelAsync();
            await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<IIndexWriter> GetIndexAsync(CancellationToken cancellation)
    {
        var bounds = await log.GetBoundsAsync(cancellation);
        var index = await indexes.GetCurrentAsync(cancellation);
        var reason = index is null ? "there is none that this build can use"
            : index.LogId != bounds.LogId ? "it follows another event log"
            : await index.GetPositionAsync(cancellation) < bounds.Trimmed ? "the events that it lacks are no longer in the log"
            : null;
        if (reason is null) return index!;
        if (bounds.Head > 0) Rebuilding(logger, reason);
        // Where nothing serves, or nothing of this log, one product that cannot be indexed must not keep all the others away; it becomes a dead letter.
        return await rebuild.RunAsync(allowMissing: index?.LogId != bounds.LogId, cancellation);
    }

    [LoggerMessage(1, LogLevel.Warning, "The index is built anew: {Reason}")]
    private static partial void Rebuilding(ILogger logger, string reason);

    [LoggerMessage(3, LogLevel.Warning, "The index is ahead of the command database, which was restored: tokens and watch positions of the lost future are void from now on")]
    private static partial void Restored(ILogger logger);

    [LoggerMessage(2, LogLevel.Error, "The projection failed and starts again")]
    private static partial void Failed(ILogger logger, Exception error);
}
