using System.Threading.Channels;
using Catalog.Internal.V1;
using Catalog.Queries;
using Catalog.V1;
using Grpc.Core;

namespace Catalog.Tests.Queries.Service;

public class WatchTests
{
    [Fact]
    public async Task The_first_message_comes_at_once_and_tells_where_the_watch_begins()
    {
        using var watch = new Watch();
        var first = await watch.NextAsync();
        Assert.Empty(first.Events);
        Assert.Equal(FakeFeed.At(7), PositionOf(first));
        await QuerySide.Until(() => watch.Side.Feed.ReadFrom is not null);
        Assert.Equal(FakeFeed.At(7), watch.Side.Feed.ReadFrom);
        Assert.Equal(TimeSpan.FromSeconds(15), watch.Side.Feed.Heartbeat);
    }

    [Fact]
    public async Task A_watch_goes_on_from_a_position()
    {
        using var watch = new Watch(OpaqueText.Encode(FakeFeed.At(3)));
        Assert.Equal(FakeFeed.At(3), PositionOf(await watch.NextAsync()));
        await QuerySide.Until(() => watch.Side.Feed.ReadFrom is not null);
        Assert.Equal(FakeFeed.At(3), watch.Side.Feed.ReadFrom);
    }

    [Fact]
    public async Task Changes_heartbeats_and_delays_are_passed_on()
    {
        using var watch = new Watch();
        await watch.NextAsync();
        await watch.SendAsync(new ChangeBatch([Event(8)], FakeFeed.At(8)));
        await watch.SendAsync(new ChangeBatch([], FakeFeed.At(8), Delayed: true));
        var (change, heartbeat) = (await watch.NextAsync(), await watch.NextAsync());
        Assert.Equal((8L, false, FakeFeed.At(8)), (Assert.Single(change.Events).Version, change.Delayed, PositionOf(change)));
        Assert.Equal((0, true, FakeFeed.At(8)), (heartbeat.Events.Count, heartbeat.Delayed, PositionOf(heartbeat)));
    }

    [Fact]
    public async Task Who_acted_is_not_shown_and_nothing_else_is_left_out()
    {
        using var watch = new Watch();
        await watch.NextAsync();
        var oneof = ProductEvent.Descriptor.Oneofs.Single(o => o.Name == "change");
        List<ProductEvent> events = [];
        foreach (var field in oneof.Fields)
        {
            var change = Event(events.Count + 1);
            field.Accessor.SetValue(change, field.MessageType.Parser.ParseFrom([]));
            events.Add(change);
        }
        List<ProductEvent> before = [.. events.Select(change => change.Clone())];
        await watch.SendAsync(new ChangeBatch(events, FakeFeed.At(9)));
        var shown = (await watch.NextAsync()).Events;
        Assert.Equal(before, events);
        Assert.All(before, change => change.Actor = "");
        Assert.Equal(before, shown);
    }

    [Fact]
    public async Task A_large_batch_comes_in_parts_whose_position_moves_only_with_the_last()
    {
        using var watch = new Watch();
        await watch.NextAsync();
        List<ProductEvent> events = [.. Enumerable.Range(8, 40).Select(version => Event(version))];
        foreach (var change in events) change.Product.Description = new string('x', 3_700);
        await watch.SendAsync(new ChangeBatch(events, FakeFeed.At(99)));
        List<WatchProductsResponse> parts = [];
        while (parts.Sum(part => part.Events.Count) < 40) parts.Add(await watch.NextAsync());
        Assert.Equal(3, parts.Count);
        Assert.All(parts, part => Assert.InRange(part.CalculateSize(), 1, 70_000));
        Assert.Equal([FakeFeed.At(7), FakeFeed.At(7), FakeFeed.At(99)], parts.Select(PositionOf));
        Assert.Equal(Enumerable.Range(8, 40).Select(version => (long)version), parts.SelectMany(part => part.Events).Select(change => change.Version));
    }

    [Fact]
    public async Task A_client_that_does_not_read_loses_its_watch()
    {
        using var watch = new Watch();
        await watch.NextAsync();
        watch.Client.Stuck = true;
        await watch.SendAsync(new ChangeBatch([Event(8)], FakeFeed.At(8)));
        await QuerySide.Until(() => watch.Client.StuckWrites == 1);
        Assert.True(await watch.Side.TurnUntilEnd(watch.Call) >= TimeSpan.FromSeconds(30));
        var refusal = await QuerySide.RefusalOf(watch.Call);
        Assert.Equal((StatusCode.ResourceExhausted, "WATCH_TOO_SLOW"), (refusal.Code, refusal.Reason));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_shutdown_ends_every_watch_with_a_status(bool stuck)
    {
        using var watch = new Watch();
        await watch.NextAsync();
        watch.Client.Stuck = stuck;
        await watch.SendAsync(new ChangeBatch([Event(8)], FakeFeed.At(8)));
        if (stuck) await QuerySide.Until(() => watch.Client.StuckWrites == 1);
        watch.Side.Stop();
        var refusal = await QuerySide.RefusalOf(watch.Call);
        Assert.Equal((StatusCode.Unavailable, "SHUTTING_DOWN", TimeSpan.Zero), (refusal.Code, refusal.Reason, refusal.RetryAfter));
    }

    [Fact]
    public async Task A_client_that_leaves_ends_its_watch()
    {
        using var watch = new Watch();
        await watch.NextAsync();
        watch.Leave();
        Assert.Equal(StatusCode.Cancelled, (await QuerySide.RefusalOf(watch.Call)).Code);
    }

    [Fact]
    public async Task A_position_whose_changes_are_gone_is_out_of_range()
    {
        using var side = new QuerySide();
        side.Feed.Failure = new PositionExpiredException("The changes after this position are no longer kept.");
        var refusal = await QuerySide.RefusalOf(side.Service.WatchProducts(new WatchProductsRequest { Position = OpaqueText.Encode(FakeFeed.At(1)) }, new Client(), new TestCall()));
        Assert.Equal((StatusCode.OutOfRange, "POSITION_EXPIRED"), (refusal.Code, refusal.Reason));
    }

    [Fact]
    public async Task A_damaged_position_is_refused()
    {
        using var side = new QuerySide();
        foreach (var position in new[] { "nonsense", OpaqueText.Encode(FakeFeed.At(1))[..^3], " " })
        {
            var refusal = await QuerySide.RefusalOf(side.Service.WatchProducts(new WatchProductsRequest { Position = position }, new Client(), new TestCall()));
            Assert.Equal(StatusCode.InvalidArgument, refusal.Code);
            Assert.Equal(["position"], refusal.Fields);
        }
    }

    [Fact]
    public async Task Too_many_watches_are_refused_until_one_ends()
    {
        using var side = new QuerySide(options => options.MaxWatchers = 1);
        using var first = new Watch(side: side);
        await first.NextAsync();
        Assert.Equal("OVERLOADED", (await QuerySide.RefusalOf(side.Service.WatchProducts(new WatchProductsRequest(), new Client(), new TestCall()))).Reason);
        first.Leave();
        await QuerySide.RefusalOf(first.Call);
        using var second = new Watch(side: side);
        await second.NextAsync();
    }

    private static ProductEvent Event(long version) => new()
    {
        EventId = $"event-{version}", LogId = "log-1", Name = "products/a", Version = version, Position = version, Actor = "somebody",
        OccurredTime = new Google.Protobuf.WellKnownTypes.Timestamp { Seconds = version }, Product = QuerySide.Product("a", version), Activated = new ProductActivated(),
    };

    private static WatchPosition PositionOf(WatchProductsResponse response)
    {
        Assert.True(OpaqueText.TryDecode(response.Position, WatchPosition.Parser, out var position));
        return position;
    }

    private sealed class Watch : IDisposable
    {
        private readonly CancellationTokenSource _leaving = new();
        private readonly bool _ownsSide;

        public Watch(string position = "", QuerySide? side = null)
        {
            _ownsSide = side is null;
            Side = side ?? new QuerySide();
            Call = Side.Service.WatchProducts(new WatchProductsRequest { Position = position }, Client, new TestCall(null, _leaving.Token));
        }

        public QuerySide Side { get; }

        public Client Client { get; } = new();

        public Task Call { get; }

        public ValueTask SendAsync(ChangeBatch batch) => Side.Feed.Batches.Writer.WriteAsync(batch, TestContext.Current.CancellationToken);

        public Task<WatchProductsResponse> NextAsync() =>
            Client.Received.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);

        public void Leave() => _leaving.Cancel();

        public void Dispose()
        {
            _leaving.Cancel();
            if (_ownsSide) Side.Dispose();
            _leaving.Dispose();
        }
    }

    private sealed class Client : IServerStreamWriter<WatchProductsResponse>
    {
        public Channel<WatchProductsResponse> Received { get; } = Channel.CreateUnbounded<WatchProductsResponse>();

        public bool Stuck { get; set; }

        public int StuckWrites { get; private set; }

        public WriteOptions? WriteOptions { get; set; }

        public Task WriteAsync(WatchProductsResponse message)
        {
            if (!Stuck) return Received.Writer.WriteAsync(message).AsTask();
            StuckWrites++;
            return new TaskCompletionSource().Task;
        }
    }
}
