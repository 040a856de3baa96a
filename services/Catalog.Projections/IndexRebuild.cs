using Catalog.V1;
using Google.Protobuf;
using Microsoft.Extensions.Logging;

namespace Catalog.Projections;

/// <summary>Builds an index from the truth while the old one serves, and swaps it in (G8).</summary>
public sealed partial class IndexRebuild(
    IEventLog log, IProductStates states, IIndexSet indexes, IDeadLetters deadLetters, LogWriter writer, TimeProvider time, ProjectionMetrics metrics, ILogger<IndexRebuild> logger)
{
    private const int Batch = 500;
    private static readonly TimeSpan ReportEvery = TimeSpan.FromSeconds(2);

    /// <summary>Builds the index, swaps it in and returns it, caught up to the log's head after the swap.</summary>
    /// <exception cref="InvalidOperationException">A product cannot be written into any index, and <paramref name="allowMissing"/> is false; the old index goes on serving.</exception>
    public async Task<IIndexWriter> RunAsync(bool allowMissing, CancellationToken cancellation)
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
            var page = await states.ReadAsync(key, Batch, cancellation);
            if (page.Count == 0) break;
            foreach (var rejected in await index.WriteAsync(page.Select(p => p.Product).ToList(), cancellation))
            {
                Rejected(logger, rejected.Product.Name, rejected.Reason);
                if (!allowMissing) throw new InvalidOperationException($"{rejected.Product.Name} cannot be written into the new index: {rejected.Reason} The old index goes on serving.");
                await SetAsideAsync(page.First(p => ReferenceEquals(p.Product, rejected.Product)), rejected.Reason, cancellation);
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
        await writer.CatchUpAsync(index, (await log.GetBoundsAsync(cancellation)).Head, cancellation);
        await indexes.SwapAsync(index, cancellation);
        await writer.CatchUpAsync(index, (await log.GetBoundsAsync(cancellation)).Head, cancellation);
        metrics.CountRebuild();
        Done(logger, written, time.GetElapsedTime(begun).TotalSeconds);
        return index;
    }

    /// <summary>It came from no event, so it stands at a place where no event is: before the beginning of the log.</summary>
    private ValueTask SetAsideAsync((long Key, Product Product) state, string reason, CancellationToken cancellation)
    {
        var happened = new ProductEvent { Name = state.Product.Name, Version = state.Product.Version, Product = state.Product };
        metrics.CountDeadLetter();
        return deadLetters.AddAsync(new DeadLetter(-state.Key, happened.ToByteArray(), reason, time.GetUtcNow()), cancellation);
    }

    [LoggerMessage(1, LogLevel.Information, "Building the index anew, from the products and the event log after position {Position}")]
    private static partial void Begun(ILogger logger, long position);

    [LoggerMessage(2, LogLevel.Information, "Building the index: {Written} products so far, {Rate:0}/s")]
    private static partial void Progress(ILogger logger, long written, double rate);

    [LoggerMessage(3, LogLevel.Error, "{Name} cannot be written into the new index: {Reason}")]
    private static partial void Rejected(ILogger logger, string name, string reason);

    [LoggerMessage(4, LogLevel.Information, "The new index serves: {Written} products in {Seconds:0.0} s")]
    private static partial void Done(ILogger logger, long written, double seconds);
}
