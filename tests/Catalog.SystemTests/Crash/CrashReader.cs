using System.Collections.Concurrent;
using Catalog.V1;
using Grpc.Core;

namespace Catalog.SystemTests.Crash;

/// <summary>
/// A client that reads and watches while things fail. What it was told was written it sees, or it is told that it does not yet (G6); no product goes backwards (G3); a watch shows
/// every change of a product; and where nothing is wrong with what reads depend on, none fails, also while an index is built (G8).
/// </summary>
/// <param name="journal">What was written.</param>
/// <param name="catalog">Where it reads.</param>
/// <param name="random">Its chances.</param>
/// <param name="mayFail">Whether something is wrong with what reads depend on.</param>
/// <param name="mayGoBack">Whether an index that is swapped in may be a moment behind, or what Elasticsearch had not acknowledged may be gone.</param>
internal sealed class CrashReader(CommandJournal journal, ICatalogUnderTest catalog, Random random, bool mayFail, bool mayGoBack)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20), Limit = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, long> _read = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _watched = new(StringComparer.Ordinal);

    /// <summary>Reads that were answered with what they asked for.</summary>
    public int Answered { get; private set; }

    public Task RunAsync(CancellationToken over) => Task.WhenAll(ReadAsync(over), WatchAsync(over));

    private async Task ReadAsync(CancellationToken over)
    {
        for (; !over.IsCancellationRequested; await Task.Delay(Pause, CancellationToken.None))
        {
            if (journal.Written.IsEmpty) continue;
            var (name, receipt) = journal.Written.ElementAt(random.Next(journal.Written.Count));
            var (isFresh, isSearch) = (random.Next(2) == 0, random.Next(4) == 0);
            try
            {
                if (isSearch)
                {
                    await catalog.Reads().SearchProductsAsync(new SearchProductsRequest { Filter = "brand = \"crash\"", PageSize = 5 }, deadline: DateTime.UtcNow + Limit);
                    continue;
                }
                var request = new GetProductRequest { Name = name };
                if (isFresh) request.ConsistencyTokens.Add(receipt.ConsistencyToken);
                var before = _read.GetValueOrDefault(name);
                var product = await catalog.Reads().GetProductAsync(request, deadline: DateTime.UtcNow + Limit);
                Assert.True(!isFresh || product.Version >= receipt.Version, $"{name} has version {product.Version} for who was told of {receipt.Version}");
                Assert.True(mayGoBack || product.Version >= before, $"{name} went back from version {before} to {product.Version}");
                _read[name] = product.Version;
                Answered++;
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.NotFound)
            {
                Assert.True(journal.Deleted.ContainsKey(name) || (!isFresh && (mayGoBack || !_read.ContainsKey(name))), $"{name} was not found: {e.Status}");
            }
            catch (RpcException e) when (mayFail || (isFresh && e.GetRpcStatus()?.GetDetail<Google.Rpc.ErrorInfo>()?.Reason == CatalogError.Name(ErrorReason.ReadNotCaughtUp)))
            {
            }
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
