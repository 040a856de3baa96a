using Catalog.V1;
using Grpc.Core;

namespace Catalog.SystemTests;

/// <summary>Clients that write and read what they wrote, with the token of each receipt, until they are told to stop. A command that fails or a read that is behind fails the test.</summary>
internal sealed class Load
{
    private readonly ICatalogUnderTest _catalog;
    private readonly Func<RpcException, bool> _mayFail;
    private readonly CancellationTokenSource _ended = new();
    private readonly Task[] _workers;
    private int _rounds, _refusedReads;

    private Load(ICatalogUnderTest catalog, int workers, Func<RpcException, bool> mayFail)
    {
        (_catalog, _mayFail) = (catalog, mayFail);
        _workers = [.. Enumerable.Range(0, workers).Select(_ => Task.Run(WorkAsync))];
    }

    /// <summary>Writes that were read back, by all clients.</summary>
    public int Rounds => Volatile.Read(ref _rounds);

    /// <summary>Reads that failed as they may.</summary>
    public int RefusedReads => Volatile.Read(ref _refusedReads);

    /// <summary>Begins, and returns when the load is on.</summary>
    /// <param name="catalog">The catalog.</param>
    /// <param name="workers">How many clients.</param>
    /// <param name="mayFail">How a read may fail; not at all if it is left out.</param>
    public static async Task<Load> StartAsync(ICatalogUnderTest catalog, int workers = 4, Func<RpcException, bool>? mayFail = null)
    {
        var load = new Load(catalog, workers, mayFail ?? (_ => false));
        await load.GoOnAsync(workers * 2);
        return load;
    }

    /// <summary>Waits until so many more rounds are done.</summary>
    public async Task GoOnAsync(int rounds)
    {
        var until = Rounds + rounds;
        await Eventually.TrueAsync($"{rounds} rounds of load", () => Rounds >= until || _workers.Any(w => w.IsCompleted));
        foreach (var broken in _workers.Where(w => w.IsFaulted)) await broken;
    }

    /// <summary>Ends it; what failed fails here.</summary>
    public async Task StopAsync()
    {
        await _ended.CancelAsync();
        await Task.WhenAll(_workers);
        _ended.Dispose();
    }

    private async Task WorkAsync()
    {
        var name = (await _catalog.CreatedAsync()).Name;
        for (var stock = 1; !_ended.IsCancellationRequested; stock++)
        {
            var receipt = await _catalog.Writes().AdjustStockAsync(new AdjustStockRequest { Name = name, Delta = 1, Reason = "load" });
            Assert.Equal(stock + 1, receipt.Version);
            var get = new GetProductRequest { Name = name, ConsistencyTokens = { receipt.ConsistencyToken } };
            var search = new SearchProductsRequest { Filter = $"name = \"{name}\" AND stock_quantity = {stock}", ConsistencyTokens = { receipt.ConsistencyToken } };
            try
            {
                Assert.Equal(stock, (await _catalog.Reads().GetProductAsync(get)).StockQuantity);
                Assert.Equal(1, (await _catalog.Reads().SearchProductsAsync(search)).TotalSize);
            }
            catch (RpcException e) when (_mayFail(e))
            {
                Interlocked.Increment(ref _refusedReads);
            }
            Interlocked.Increment(ref _rounds);
        }
    }
}
