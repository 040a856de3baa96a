using System.Diagnostics.CodeAnalysis;
using Catalog.V1;
using Google.Protobuf;
using Microsoft.Extensions.Logging;

namespace Catalog.Projections;

/// <summary>Builds an index from the truth while the old one serves, and swaps it in (G8).</summary>
public sealed partial class IndexRebuild(
    IEventLog log, IProductStates states, IIndexSet indexes, IDeadLetters deadLetters, LogWriter writer, TimeProvider time, ProjectionMetrics metrics, ILogger<IndexRebuild> logger)
{
    private const int Batch = 500, MaxAttempts = 3, MaxVain = 5;
    private static readonly TimeSpan ReportEvery = TimeSpan.FromSeconds(2), NearlyThere = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2), FirstPause = TimeSpan.FromMilliseconds(50), LongestPause = TimeSpan.FromSeconds(5);

    /// <summary>Builds the index, swaps it in and returns it, caught up to the log's head after the swap.</summary>
    /// <exception cref="InvalidOperationException">A product cannot be written into any index, and <paramref name="allowMissing"/> is false; the old index goes on serving.</exception>
    public async Task<IIndexWriter> RunAsync(bool allowMissing, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await RunOnceAsync(allowMissing, cancellation);
            }
            catch (Exception e) when (e is LogTrimmedException or LogRenewedException && attempt < MaxAttempts)
            {
                StartsOver(logger, e.Message);
            }
        }
    }

    /// <summary>
    /// Goes on where a rebuild was killed after its index began to serve: what was written into the index before it in that moment is not lost (G2). False if there is nothing to do.
    /// </summary>
    /// <remarks>Where the log no longer holds it, the index is built anew.</remarks>
    public async Task<bool> FinishAsync(CancellationToken cancellation)
    {
        if (await indexes.GetUnfinishedAsync(cancellation) is not { } index || index.LogId != (await log.GetBoundsAsync(cancellation)).LogId) return false;
        GoesOn(logger, await index.GetPositionAsync(cancellation));
        try
        {
            await FinishAsync(index, cancellation);
        }
        catch (Exception e) when (e is LogTrimmedException or LogRenewedException)
        {
            StartsOver(logger, e.Message);
            await RunAsync(allowMissing: false, cancellation);
        }
        return true;
    }

    private async Task<IIndexWriter> RunOnceAsync(bool allowMissing, CancellationToken cancellation)
    {
        var begun = time.GetTimestamp();
        // The position comes first: whatever is written while the products are read is in the log behind it, and written a second time it changes nothing.
        var from = await log.GetBoundsAsync(cancellation);
        var index = await indexes.CreateAsync(from.LogId, cancellation);
        Begun(logger, from.Head);

        var written = 0L;
        var reported = begun;
        for (var key = 0L; ;)
        {
            var page = await PersistAsync(() => states.ReadAsync(key, Batch, cancellation), cancellation);
            if (page.Count == 0) break;
            var products = new List<(long Key, Product Product)>(page.Count);
            foreach (var state in page)
            {
                if (TryParse(state, out var product, out var fault)) products.Add((state.Key, product));
                else await MissAsync($"The product in row {state.Key} of the command database", state.Key, state.Body, fault, allowMissing, cancellation);
            }
            foreach (var rejected in (await PersistAsync(() => index.WriteAsync(products.ConvertAll(p => p.Product), cancellation), cancellation)).Rejected)
            {
                // It came from no event; what a replay writes is one.
                var happened = new ProductEvent
                {
                    EventId = Guid.CreateVersion7(time.GetUtcNow()).ToString(), Name = rejected.Product.Name, Version = rejected.Product.Version, OccurredTime = rejected.Product.UpdateTime, Product = rejected.Product,
                };
                var row = products.First(p => ReferenceEquals(p.Product, rejected.Product)).Key;
                await MissAsync(rejected.Product.Name, row, happened.ToByteArray(), rejected.Reason, allowMissing, cancellation);
            }
            key = page[^1].Key;
            written += page.Count;
            if (time.GetElapsedTime(reported) >= ReportEvery)
            {
                reported = time.GetTimestamp();
                Progress(logger, written, written / time.GetElapsedTime(begun).TotalSeconds);
            }
        }
        await index.SavePositionAsync(from.Head, cancellation);
        await ComeCloseAsync(index, allowMissing, cancellation);
        await PersistAsync(() => indexes.SwapAsync(index, cancellation), cancellation);
        await FinishAsync(index, cancellation);
        metrics.CountRebuild();
        Done(logger, written, time.GetElapsedTime(begun).TotalSeconds);
        return index;
    }

    /// <summary>
    /// Catches up until the index is less than a second behind: what it lacks when it begins to serve is not seen by reads for as long. Where it comes no closer time and again,
    /// because more is written than an index takes, it serves all the same: it would never.
    /// </summary>
    private async Task ComeCloseAsync(IIndexWriter index, bool allowMissing, CancellationToken cancellation)
    {
        var closest = TimeSpan.MaxValue;
        for (var vain = 0; vain < MaxVain;)
        {
            var begun = time.GetTimestamp();
            await CatchUpAsync(index, allowMissing, cancellation);
            var took = time.GetElapsedTime(begun);
            if (took < NearlyThere) return;
            vain = took < closest ? 0 : vain + 1;
            if (took < closest) closest = took;
        }
        NoCloser(logger, closest.TotalSeconds);
    }

    // What the projectors or the direct sync wrote into the index before, until the swap, was in the log by then. It serves: what it does not take now is set aside, as they do.
    private async Task FinishAsync(IIndexWriter index, CancellationToken cancellation)
    {
        await CatchUpAsync(index, allowMissing: true, cancellation);
        await PersistAsync(() => indexes.FinishAsync(index, cancellation), cancellation);
    }

    private async Task CatchUpAsync(IIndexWriter index, bool allowMissing, CancellationToken cancellation)
    {
        var bounds = await PersistAsync(() => log.GetBoundsAsync(cancellation), cancellation);
        // What was read may be of either, and whoever restored could not build while this did.
        if (bounds.LogId != index.LogId) throw new LogRenewedException();
        await writer.CatchUpAsync(index, bounds.Head, allowMissing, cancellation);
    }

    private async Task PersistAsync(Func<ValueTask> step, CancellationToken cancellation) => await PersistAsync(async () =>
    {
        await step();
        return true;
    }, cancellation);

    /// <summary>Repeats a step of a rebuild that may have taken hours, where a database is away for a while.</summary>
    private async Task<T> PersistAsync<T>(Func<ValueTask<T>> step, CancellationToken cancellation)
    {
        var begun = time.GetTimestamp();
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                return await step();
            }
            catch (Exception e) when (e is not (OperationCanceledException or IndexLostException or InvalidOperationException) && time.GetElapsedTime(begun) < Patience)
            {
                Again(logger, e);
            }
            await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()), time, cancellation);
        }
    }

    private static bool TryParse(ProductState state, [NotNullWhen(true)] out Product? product, [NotNullWhen(false)] out string? fault)
    {
        (product, fault) = (null, null);
        try
        {
            product = Product.Parser.ParseFrom(state.Body.Span);
            if (!ProductName.TryParse(product.Name, out _)) fault = "It has no name.";
        }
        catch (InvalidProtocolBufferException e)
        {
            fault = e.Message;
        }
        if (product is not null && fault is null) return true;
        fault = $"The command database is damaged there, restore it from a backup. {fault}";
        return false;
    }

    /// <summary>One product that the new index will not have. It is set aside at a place where no event is: before the beginning of the log.</summary>
    private async ValueTask MissAsync(string what, long key, ReadOnlyMemory<byte> body, string reason, bool allowMissing, CancellationToken cancellation)
    {
        Rejected(logger, what, reason);
        if (!allowMissing) throw new InvalidOperationException($"{what} cannot be written into the new index: {reason} The old index goes on serving.");
        metrics.CountDeadLetter();
        await deadLetters.AddAsync(new DeadLetter(-key, body, reason, time.GetUtcNow()), cancellation);
    }

    [LoggerMessage(1, LogLevel.Information, "Building the index anew, from the products and the event log after position {Position}")]
    private static partial void Begun(ILogger logger, long position);

    [LoggerMessage(2, LogLevel.Information, "Building the index: {Written} products so far, {Rate:0}/s")]
    private static partial void Progress(ILogger logger, long written, double rate);

    [LoggerMessage(3, LogLevel.Error, "{What} cannot be written into the new index: {Reason}")]
    private static partial void Rejected(ILogger logger, string what, string reason);

    [LoggerMessage(5, LogLevel.Warning, "The rebuild starts over. {Reason}")]
    private static partial void StartsOver(ILogger logger, string reason);

    [LoggerMessage(6, LogLevel.Warning, "The rebuild that made this index ended before it had caught up. It goes on after position {Position}")]
    private static partial void GoesOn(ILogger logger, long position);

    [LoggerMessage(8, LogLevel.Warning, "More is written than the new index takes: it begins to serve {Seconds:0.0} s behind, and reads without a token go back by as much until it has caught up")]
    private static partial void NoCloser(ILogger logger, double seconds);

    [LoggerMessage(7, LogLevel.Warning, "A step of the rebuild failed and is repeated")]
    private static partial void Again(ILogger logger, Exception error);

    [LoggerMessage(4, LogLevel.Information, "The new index serves: {Written} products in {Seconds:0.0} s")]
    private static partial void Done(ILogger logger, long written, double seconds);
}
