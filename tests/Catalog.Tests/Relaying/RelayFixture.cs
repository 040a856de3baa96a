using Catalog.Commands;
using Catalog.Commands.Relaying;
using Catalog.Sqlite;
using Catalog.V1;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Catalog.Tests.Relaying;

/// <summary>A command database on SQLite, a queue that can fail, and relays between the two.</summary>
internal sealed class RelayFixture : IAsyncDisposable
{
    private readonly TempFolder _folder = new();
    private readonly List<(Relay Relay, RelayMetrics Metrics)> _relays = [];

    public RelayFixture()
    {
        Database = SqliteCommandDatabase.Open(
            new CommandDatabaseOptions { Path = _folder.File("catalog.db") }, TimeProvider.System, new CommandMetrics(), NullLogger<SqliteCommandDatabase>.Instance);
        Outbox = new SqliteOutbox(Database);
    }

    public SqliteCommandDatabase Database { get; }

    public IOutbox Outbox { get; }

    public FakeQueue Queue { get; } = new();

    public FakeDirectSync DirectSync => field ??= new FakeDirectSync(Outbox);

    public TimeProvider Time { get; set; } = TimeProvider.System;

    public RelayOptions Options { get; } = new() { LeaseDuration = TimeSpan.FromSeconds(2), LeaseRenewal = TimeSpan.FromMilliseconds(100) };

    public async Task<Relay> StartAsync(IOutbox? outbox = null)
    {
        var metrics = new RelayMetrics();
        var relay = new Relay(outbox ?? Outbox, Queue, DirectSync, Options, Time, metrics, NullLogger<Relay>.Instance);
        _relays.Add((relay, metrics));
        await relay.StartAsync(default);
        return relay;
    }

    public async Task CommitAsync(int count, TimeSpan ahead = default)
    {
        for (var i = 0; i < count; i++) Assert.IsType<CommandOutcome.Committed>(await Database.ExecuteAsync(Command(ahead)));
    }

    // How old an event is decides on direct sync, so that these are decided now.
    private static ProductCommand Command(TimeSpan ahead)
    {
        var id = Guid.CreateVersion7().ToString("n");
        var create = new CreateProductRequest { ProductId = id, Product = new Product { Sku = id, Title = "Lamp" } };
        var now = new Moment(id, Guid.NewGuid().ToString(), Timestamp.FromDateTime(DateTime.UtcNow + ahead), "tester");
        return new() { ProductId = id, Request = null, Decide = (current, _) => ProductDecider.Decide(current, create, now) };
    }

    /// <summary>The positions in the log.</summary>
    public async Task<IEnumerable<long>> PositionsAsync() => (await Outbox.ReadAsync(0, 10_000, default)).Select(e => e.Position);

    public async Task<string> LogIdAsync() => (await Outbox.GetStateAsync(default)).LogId;

    public async Task<long> PublishedAsync() => (await Outbox.GetStateAsync(default)).Published;

    public static async Task Eventually(Func<Task<bool>> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await condition()) await Task.Delay(5, deadline.Token);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (relay, metrics) in _relays)
        {
            await relay.StopAsync(default);
            relay.Dispose();
            metrics.Dispose();
        }
        Database.Dispose();
        _folder.Dispose();
    }

    /// <summary>An index that is only a position.</summary>
    internal sealed class FakeDirectSync(IOutbox outbox) : IDirectSync
    {
        private long _position;

        public int Runs { get; private set; }

        public long From { get; private set; }

        public long Lost { get; private set; }

        public long Position => Interlocked.Read(ref _position);

        public async Task RunAsync(long from, long lost, Action<long> reached, CancellationToken cancellation)
        {
            (Runs, From, Lost) = (Runs + 1, from, lost);
            for (var position = from; ;)
            {
                await outbox.WaitAsync(position, cancellation);
                var events = await outbox.ReadAsync(position, 100, cancellation);
                if (events.Count == 0) continue;
                position = events[^1].Position;
                Interlocked.Exchange(ref _position, position);
                reached(position);
            }
        }
    }
}
