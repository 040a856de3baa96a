using Catalog.V1;
using Grpc.Core;

namespace Catalog.SystemTests;

/// <summary>A watch, and what it has shown so far.</summary>
internal sealed class Watcher : IDisposable
{
    private readonly AsyncServerStreamingCall<WatchProductsResponse> _call;

    private Watcher(AsyncServerStreamingCall<WatchProductsResponse> call) => _call = call;

    /// <summary>The events in the order in which they came.</summary>
    public List<ProductEvent> Seen { get; } = [];

    /// <summary>The position of the last message.</summary>
    public string Position => _call.ResponseStream.Current.Position;

    /// <summary>Begins to watch; returns with the first message, after which no change is missed.</summary>
    public static async Task<Watcher> StartAsync(ICatalogUnderTest catalog, string position = "", TimeSpan? limit = null)
    {
        var watcher = new Watcher(catalog.Reads().WatchProducts(new WatchProductsRequest { Position = position }, deadline: DateTime.UtcNow + (limit ?? Eventually.Patience * 2)));
        await watcher.ReadAsync();
        return watcher;
    }

    /// <summary>Reads on until so many events have come that fit.</summary>
    public async Task<List<ProductEvent>> TakeAsync(int count, Func<ProductEvent, bool> fits)
    {
        List<ProductEvent> taken;
        while ((taken = [.. Seen.Where(fits)]).Count < count) await ReadAsync();
        return taken;
    }

    /// <summary>Reads one message.</summary>
    public async Task ReadAsync()
    {
        Assert.True(await _call.ResponseStream.MoveNext(CancellationToken.None), "the watch ended without a status");
        Seen.AddRange(_call.ResponseStream.Current.Events);
    }

    public void Dispose() => _call.Dispose();
}
