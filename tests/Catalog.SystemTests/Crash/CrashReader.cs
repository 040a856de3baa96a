using System.Collections.Concurrent;
using Catalog.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Catalog.SystemTests.Crash;

/// <summary>
/// A client that reads and watches while things fail. What it was told was written it sees, by name and in searches, or it is told that it does not yet (G6); no product goes
/// backwards (G3); a watch shows every change of a product; and where nothing is wrong with what reads depend on, none fails, also while an index is built (G8).
/// </summary>
/// <param name="journal">What was written.</param>
/// <param name="catalog">Where it reads.</param>
/// <param name="random">Its chances.</param>
/// <param name="mayFail">Whether something is wrong with what reads depend on.</param>
/// <param name="mayGoBack">Whether an index that is swapped in may be a moment behind, or what Elasticsearch had not acknowledged may be gone.</param>
internal sealed class CrashReader(CommandJournal journal, ICatalogUnderTest catalog, Random random, bool mayFail, bool mayGoBack)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20), Limit = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, long> _got = new(StringComparer.Ordinal), _found = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _watched = new(StringComparer.Ordinal);
    private IReadOnlyList<Task> _running = [];
    private int _answered;
    private volatile Timestamp _seen = new();

    /// <summary>Reads that were answered with what they asked for.</summary>
    public int Answered => _answered;

    /// <summary>Those of them that had a token.</summary>
    public int Fresh { get; private set; }

    /// <summary>Reads with a token that were told that the index does not hold the write yet.</summary>
    public int Refused { get; private set; }

    public Task RunAsync(CancellationToken over) =>
        Task.WhenAll(_running = [ReadAsync(isFresh: false, new Random(random.Next()), over), ReadAsync(isFresh: true, new Random(random.Next()), over), WatchAsync(over)]);

    /// <summary>Waits until what was written last by now was read with its token.</summary>
    public Task CatchesUpAsync(TimeSpan within)
    {
        var newest = Newest();
        var (fresh, refused) = (Fresh, Refused);
        return Eventually.NothingMissingAsync("what was written last is read with its token", async () =>
        {
            if (_running.FirstOrDefault(r => r.IsFaulted) is { } failed) await failed;
            return _seen >= newest.CommitTime ? null : $"{newest}; {Fresh - fresh} reads with a token were answered meanwhile, {Refused - refused} refused";
        }, within);
    }

    private CommandReceipt Newest() => journal.Written.Values.MaxBy(r => r.CommitTime)!;

    private async Task ReadAsync(bool isFresh, Random chances, CancellationToken over)
    {
        for (; !over.IsCancellationRequested; await Task.Delay(Pause, CancellationToken.None))
        {
            if (journal.Written.IsEmpty) continue;
            var receipt = isFresh && chances.Next(2) == 0 ? Newest() : journal.Written.ElementAt(chances.Next(journal.Written.Count)).Value;
            var (name, isSearch) = (receipt.Name, chances.Next(4) == 0);
            // A search sees a write later than a read by name does.
            var read = isSearch ? _found : _got;
            var before = read.GetValueOrDefault(name);
            try
            {
                if (await FindAsync(name, isSearch, isFresh ? receipt.ConsistencyToken : null) is { } product)
                {
                    Assert.True(!isFresh || product.Version >= receipt.Version, $"{name} has version {product.Version} for who was told of {receipt.Version}{(isSearch ? ", in a search" : "")}");
                    Assert.True(mayGoBack || product.Version >= before, $"{name} went back from version {before} to {product.Version}{(isSearch ? ", in a search" : "")}");
                    read[name] = product.Version;
                }
                else Assert.True(journal.Deleted.ContainsKey(name) || (!isFresh && (mayGoBack || before == 0)), $"{name} was not found{(isSearch ? " by a search" : "")}");
                Interlocked.Increment(ref _answered);
                if (!isFresh) continue;
                Fresh++;
                if (receipt.CommitTime > _seen) _seen = receipt.CommitTime;
            }
            catch (RpcException e) when (isFresh && e.GetRpcStatus()?.GetDetail<Google.Rpc.ErrorInfo>()?.Reason == CatalogError.Name(ErrorReason.ReadNotCaughtUp))
            {
                Refused++;
            }
            catch (Exception e) when (mayFail && e is RpcException or ObjectDisposedException)
            {
                // The one who answered it is replaced.
            }
        }
    }

    private async Task<Product?> FindAsync(string name, bool isSearch, string? token)
    {
        string[] tokens = token is null ? [] : [token];
        var deadline = DateTime.UtcNow + Limit;
        if (isSearch)
        {
            var found = await catalog.Reads().SearchProductsAsync(new SearchProductsRequest { Filter = $"name = \"{name}\"", ConsistencyTokens = { tokens } }, deadline: deadline);
            Assert.All(found.Results, r => Assert.Equal(name, r.Product.Name));
            return found.Results.Count == 0 ? null : Assert.Single(found.Results).Product;
        }
        try
        {
            return await catalog.Reads().GetProductAsync(new GetProductRequest { Name = name, ConsistencyTokens = { tokens } }, deadline: deadline);
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.NotFound)
        {
            return null;
        }
    }

    private async Task WatchAsync(CancellationToken over)
    {
        for (var position = ""; !over.IsCancellationRequested; await Task.Delay(Pause, CancellationToken.None))
        {
            try
            {
                using var call = catalog.Reads().WatchProducts(new WatchProductsRequest { Position = position }, cancellationToken: over);
                var here = new Dictionary<string, long>(StringComparer.Ordinal);
                while (await call.ResponseStream.MoveNext(CancellationToken.None))
                {
                    foreach (var happened in call.ResponseStream.Current.Events) See(here, happened);
                    position = call.ResponseStream.Current.Position;
                }
                Assert.Fail("the watch ended without a status");
            }
            catch (RpcException e) when (over.IsCancellationRequested || (mayFail && e.StatusCode != StatusCode.OutOfRange))
            {
            }
            catch (ObjectDisposedException) when (mayFail)
            {
                // The one who answered it is replaced.
            }
        }
    }

    // A watch that begins anew may show again what the one before showed, and leaves nothing out.
    private void See(Dictionary<string, long> here, ProductEvent happened)
    {
        var (name, version) = (happened.Name, happened.Version);
        if (here.TryGetValue(name, out var before)) Assert.True(version == before + 1, $"{name} was shown at version {version} after {before}");
        else if (_watched.TryGetValue(name, out before)) Assert.True(version <= before + 1, $"{name} was shown at version {version} by a watch that goes on after {before}");
        here[name] = version;
        _watched[name] = Math.Max(version, _watched.GetValueOrDefault(name));
    }
}
