using System.Diagnostics.CodeAnalysis;
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
            var products = new List<(long Key, Product Product)>(page.Count);
            foreach (var state in page)
            {
                if (TryParse(state, out var product, out var fault)) products.Add((state.Key, product));
                else await MissAsync($"The product in row {state.Key} of the command database", state.Key, state.Body, fault, allowMissing, cancellation);
            }
            foreach (var rejected in await index.WriteAsync(products.Select(p => p.Product).ToList(), cancellation))
            {
                // It came from no event; what a replay writes is one.
                var happened = new ProductEvent { Name = rejected.Product.Name, Version = rejected.Product.Version, Product = rejected.Product };
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
        await writer.CatchUpAsync(index, (await log.GetBoundsAsync(cancellation)).Head, cancellation);
        await indexes.SwapAsync(index, cancellation);
        await writer.CatchUpAsync(index, (await log.GetBoundsAsync(cancellation)).Head, cancellation);
        metrics.CountRebuild();
        Done(logger, written, time.GetElapsedTime(begun).TotalSeconds);
        return index;
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

    [LoggerMessage(4, LogLevel.Information, "The new index serves: {Written} products in {Seconds:0.0} s")]
    private static partial void Done(ILogger logger, long written, double seconds);
}
