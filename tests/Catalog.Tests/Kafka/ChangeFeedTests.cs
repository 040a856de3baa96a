using Catalog.Internal.V1;
using Catalog.Kafka;
using Catalog.Queries;
using Catalog.Tests.Queries.Service;
using Catalog.V1;
using Confluent.Kafka;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Catalog.Tests.Kafka;

public sealed class ChangeFeedTests
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15), Brief = TimeSpan.FromMilliseconds(200);

    [Fact]
    public async Task A_watch_from_now_gets_what_happens_from_then_on()
    {
        await using var topic = await TestTopic.CreateAsync();
        await using var feed = await TestFeed.StartAsync(topic);
        await topic.PublishAsync(Enumerable.Range(1, 50).Select(i => TestTopic.Event(i, $"p{i}")));
        await topic.PassAllAsync();
        var end = await feed.Feed.GetIndexedAsync(default);
        await using var watch = feed.Watch(end, Heartbeat);
        await topic.PublishAsync(Enumerable.Range(51, 50).Select(i => TestTopic.Event(i, $"p{i}")));
        var events = await watch.ReadAsync(50);
        Assert.Equal(Enumerable.Range(51, 50), events.Select(e => (int)e.Position).Order());
    }

    [Fact]
    public async Task A_watch_from_now_gets_what_is_not_in_the_index_yet()
    {
        await using var topic = await TestTopic.CreateAsync(1);
        await topic.PublishAsync(Enumerable.Range(1, 10).Select(i => TestTopic.Event(i, "lamp", i)));
        await topic.PassAsync((0, 4));
        await using var feed = await TestFeed.StartAsync(topic);
        var position = await feed.Feed.GetIndexedAsync(default);
        Assert.Equal((4, 4), (position.Partitions[0].Offset, position.Partitions[0].Position));
        // Also a repetition of something before it shows nothing.
        await topic.PublishAsync(TestTopic.Event(4, "lamp", 4), TestTopic.Event(11, "lamp", 11));
        await using var watch = feed.Watch(position, Heartbeat);
        Assert.Equal([5, 6, 7, 8, 9, 10, 11], (await watch.ReadAsync(7)).Select(e => e.Position));

        // What is no longer kept cannot be watched, whether it is in the index or not.
        await topic.Admin.Client.DeleteRecordsAsync([new TopicPartitionOffset(topic.Options.Topic, 0, 6)]);
        Assert.Equal(6, (await feed.Feed.GetIndexedAsync(default)).Partitions[0].Offset);
    }

    [Fact]
    public async Task A_watch_goes_on_from_any_position_it_was_given_on_any_replica()
    {
        await using var topic = await TestTopic.CreateAsync();
        var seen = new List<long>();
        WatchPosition position;
        await using (var feed = await TestFeed.StartAsync(topic)) position = await feed.Feed.GetIndexedAsync(default);
        await topic.PublishAsync(Enumerable.Range(1, 2000).Select(i => TestTopic.Event(i, $"p{i % 77}", i)));
        for (var replica = 0; seen.Count < 2000; replica++)
        {
            await using var feed = await TestFeed.StartAsync(topic);
            await using var watch = feed.Watch(position, Heartbeat);
            seen.AddRange((await watch.ReadAsync(1)).Select(e => e.Position));
            position = WatchPosition.Parser.ParseFrom(Google.Protobuf.MessageExtensions.ToByteArray(watch.Position!));
            Assert.InRange(replica, 0, 20);
        }
        Assert.Equal(Enumerable.Range(1, 2000).Select(i => (long)i), seen.Order());
    }

    [Fact]
    public async Task A_watch_from_further_back_than_the_memory_of_the_replica_reads_on_its_own_until_it_joins()
    {
        await using var topic = await TestTopic.CreateAsync();
        WatchPosition position;
        await using (var before = await TestFeed.StartAsync(topic)) position = await before.Feed.GetIndexedAsync(default);
        await topic.PublishAsync(Enumerable.Range(1, 25_000).Select(i => TestTopic.Event(i, $"p{i % 77}", i)));
        await using var feed = await TestFeed.StartAsync(topic);
        await using var watch = feed.Watch(position, Heartbeat);
        var events = await watch.ReadAsync(25_000);
        await topic.PublishAsync(TestTopic.Event(25_001, "p1", 25_001));
        events.AddRange(await watch.ReadAsync(1));
        Assert.Equal(Enumerable.Range(1, 25_001), events.Select(e => (int)e.Position).Order());
        foreach (var product in events.GroupBy(e => e.Name)) Assert.Equal(product.Select(e => e.Version).Order(), product.Select(e => e.Version));
    }

    [Fact]
    public async Task Two_watchers_of_which_one_does_not_keep_up_both_get_everything()
    {
        await using var topic = await TestTopic.CreateAsync();
        await using var feed = await TestFeed.StartAsync(topic);
        var end = await feed.Feed.GetIndexedAsync(default);
        await using var slow = feed.Watch(end, Heartbeat);
        await using var quick = feed.Watch(end, Heartbeat);
        await topic.PublishAsync(TestTopic.Event(1, "p1"));
        Assert.Single(await slow.ReadAsync(1));
        await topic.PublishAsync(Enumerable.Range(2, 20_000).Select(i => TestTopic.Event(i, $"p{i % 77}", i)));
        Assert.Equal(20_001, (await quick.ReadAsync(20_001)).Count);
        var events = await slow.ReadAsync(20_000);
        Assert.Equal(Enumerable.Range(2, 20_000), events.Select(e => (int)e.Position).Order());
    }

    [Fact]
    public async Task A_watcher_that_is_behind_gets_little_at_a_time()
    {
        await using var topic = await TestTopic.CreateAsync();
        WatchPosition position;
        await using (var before = await TestFeed.StartAsync(topic)) position = await before.Feed.GetIndexedAsync(default);
        // Twice what the memory of the replica takes.
        await topic.PublishAsync(Enumerable.Range(1, 400).Select(i => TestTopic.Event(i, $"p{i}", padding: 40_000)));
        await using var feed = await TestFeed.StartAsync(topic);
        await using var watch = feed.Watch(position, Heartbeat);
        List<long> seen = [];
        while (seen.Count < 400)
        {
            var events = (await watch.NextAsync()).Events;
            Assert.InRange(events.Sum(e => e.CalculateSize()), 0, (128 * 1024) + 41_000);
            seen.AddRange(events.Select(e => e.Position));
        }
        Assert.Equal(Enumerable.Range(1, 400).Select(i => (long)i), seen.Order());
    }

    [Fact]
    public async Task A_position_whose_changes_are_gone_is_expired()
    {
        await using var topic = await TestTopic.CreateAsync(1);
        WatchPosition begin;
        await using (var before = await TestFeed.StartAsync(topic)) begin = await before.Feed.GetIndexedAsync(default);
        await topic.PublishAsync(Enumerable.Range(1, 10).Select(i => TestTopic.Event(i, "lamp", i)));
        await topic.Admin.Client.DeleteRecordsAsync([new TopicPartitionOffset(topic.Options.Topic, 0, 5)]);
        await using var feed = await TestFeed.StartAsync(topic);
        await using var watch = feed.Watch(begin, Heartbeat);
        var error = await Assert.ThrowsAsync<PositionExpiredException>(() => watch.ReadAsync(1));
        Assert.Contains("no longer kept", error.Message);
    }

    [Fact]
    public async Task A_position_that_expires_in_many_places_takes_nobody_elses_with_it()
    {
        await using var topic = await TestTopic.CreateAsync(6);
        WatchPosition begin;
        await using (var before = await TestFeed.StartAsync(topic)) begin = await before.Feed.GetIndexedAsync(default);
        // More than is in memory, and gone between two looks at where the topic begins: it is the readers of the past that meet it.
        await topic.PublishAsync(Enumerable.Range(1, 400).Select(i => TestTopic.Event(i, $"p{i}", padding: 40_000)));
        await topic.PassAllAsync();
        await using var feed = await TestFeed.StartAsync(topic);
        var good = await feed.Feed.GetIndexedAsync(default);
        await topic.Admin.Client.DeleteRecordsAsync(Enumerable.Range(0, 6).Select(p => new TopicPartitionOffset(topic.Options.Topic, p, 5)));
        await topic.PublishAsync(Enumerable.Range(401, 10).Select(i => TestTopic.Event(i, $"p{i}")));
        for (var i = 0; i < 3; i++)
        {
            await using (var expired = feed.Watch(begin, Heartbeat)) await Assert.ThrowsAsync<PositionExpiredException>(() => expired.ReadAsync(1));
            await using var watch = feed.Watch(good, Heartbeat);
            Assert.Equal(10, (await watch.ReadAsync(10)).Count);
        }
    }

    [Fact]
    public async Task A_reader_that_gets_nothing_while_the_cluster_has_events_is_made_anew()
    {
        await using var topic = await TestTopic.CreateAsync(1);
        // Stands for a client that is dead and does not know: to this one the rest of the topic is hidden.
        topic.Options.Client["isolation.level"] = "read_committed";
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var feed = await TestFeed.StartAsync(topic, time);
        await using var watch = feed.Watch(await feed.Feed.GetIndexedAsync(default), Heartbeat);
        using var transaction = topic.BeginTransaction();
        await transaction.ProduceAsync(topic.Options.Topic, TestTopic.Message(TestTopic.Event(1, "lamp")));
        await Soon.Until(() =>
        {
            time.Advance(TimeSpan.FromSeconds(2));
            return feed.Log.Lines.Any(l => l.Text.Contains("the client gets none", StringComparison.Ordinal));
        }, "it is noticed");
        transaction.CommitTransaction();
        Assert.Equal("products/lamp", Assert.Single(await watch.ReadAsync(1)).Name);
    }

    [Fact]
    public async Task A_position_of_another_topic_or_another_log_is_refused()
    {
        await using var topic = await TestTopic.CreateAsync();
        await using var feed = await TestFeed.StartAsync(topic);
        var end = await feed.Feed.GetIndexedAsync(default);
        foreach (var foreign in new Action<WatchPosition>[] { p => p.TopicId = "other", p => p.LogId = "other", p => p.Partitions.RemoveAt(0), p => p.Partitions[1].Partition = 0, p => p.Partitions.Clear() })
        {
            var position = end.Clone();
            foreign(position);
            await Assert.ThrowsAsync<PositionExpiredException>(async () =>
            {
                await using var watch = feed.Watch(position, Brief);
                await watch.ReadAsync(1);
            });
        }
    }

    [Fact]
    public async Task An_event_of_another_log_ends_the_watch_because_the_database_was_restored()
    {
        await using var topic = await TestTopic.CreateAsync(1);
        await using var feed = await TestFeed.StartAsync(topic);
        await using var watch = feed.Watch(await feed.Feed.GetIndexedAsync(default), Heartbeat);
        await topic.PublishAsync(TestTopic.Event(1, "lamp"));
        Assert.Single(await watch.ReadAsync(1));
        await topic.PublishAsync(TestTopic.Event(1, "lamp", 1, logId: "log-2"));
        var error = await Assert.ThrowsAsync<PositionExpiredException>(() => watch.ReadAsync(1));
        Assert.Contains("restored", error.Message);
    }

    [Fact]
    public async Task A_watch_ends_when_the_index_follows_another_log()
    {
        await using var topic = await TestTopic.CreateAsync(1);
        await using var feed = await TestFeed.StartAsync(topic);
        await using var watch = feed.Watch(await feed.Feed.GetIndexedAsync(default), Brief);
        Assert.Empty((await watch.NextAsync()).Events);
        feed.Follow("log-2");
        await Assert.ThrowsAsync<PositionExpiredException>(() => watch.ReadAsync(1));
    }

    [Fact]
    public async Task Repetitions_and_foreign_messages_are_dropped()
    {
        await using var topic = await TestTopic.CreateAsync(1);
        await using var feed = await TestFeed.StartAsync(topic);
        var end = await feed.Feed.GetIndexedAsync(default);
        await topic.PublishAsync(TestTopic.Event(1, "lamp"), TestTopic.Event(2, "lamp", 2), TestTopic.Event(1, "lamp"), TestTopic.Event(2, "lamp", 2), TestTopic.Event(3, "lamp", 3));
        await topic.ProduceAsync("lamp", [1, 2, 3]);
        await topic.PublishAsync(TestTopic.Event(3, "lamp", 3), TestTopic.Event(4, "lamp", 4));
        await using var watch = feed.Watch(end, Heartbeat);
        Assert.Equal([1, 2, 3, 4], (await watch.ReadAsync(4)).Select(e => e.Position));
        Assert.Equal((8, 4), (watch.Position!.Partitions[0].Offset, watch.Position.Partitions[0].Position));

        // Also for one that begins now, when the repetition comes only later.
        await topic.PassAllAsync();
        await using var late = feed.Watch(await feed.Feed.GetIndexedAsync(default), Heartbeat);
        await topic.PublishAsync(TestTopic.Event(4, "lamp", 4), TestTopic.Event(5, "lamp", 5));
        Assert.Equal([5], (await late.ReadAsync(1)).Select(e => e.Position));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_set_aside_and_is_published_later_is_shown_too(bool fromThePast)
    {
        await using var topic = await TestTopic.CreateAsync(1);
        WatchPosition position;
        await using (var before = await TestFeed.StartAsync(topic)) position = await before.Feed.GetIndexedAsync(default);
        await topic.PublishAsync(TestTopic.Event(1, "lamp", 1), TestTopic.Event(3, "chair", 1), TestTopic.Event(2, "lamp", 2) with { IsReplay = true });
        // So far back that the memory of the replica does not reach it.
        if (fromThePast) await topic.PublishAsync(Enumerable.Range(4, 11_000).Select(i => TestTopic.Event(i, $"p{i}")));
        await using var feed = await TestFeed.StartAsync(topic);
        await using var watch = feed.Watch(position, Heartbeat);
        Assert.Equal([1, 3, 2], (await watch.ReadAsync(3)).Take(3).Select(e => e.Position));

        // And is no place behind which others were shown.
        await topic.PublishAsync(Enumerable.Range(20_000, 1).Select(i => TestTopic.Event(i, "table")));
        await topic.PublishAsync(TestTopic.Event(2, "lamp", 2) with { IsReplay = true });
        await topic.PassAllAsync();
        Assert.Equal(20_000, (await feed.Feed.GetIndexedAsync(default)).Partitions[0].Position);
    }

    [Fact]
    public async Task While_the_queue_is_away_a_watch_stays_open_and_says_so_and_goes_on_afterwards()
    {
        await using var broker = await TestBroker.StartAsync();
        await using var topic = await TestTopic.CreateAsync(servers: broker.Servers);
        await using var feed = await TestFeed.StartAsync(topic);
        WatchPosition begin = null!;
        // A broker's first group takes it some seconds.
        await Soon.Until(async () =>
        {
            try
            {
                begin = await feed.Feed.GetIndexedAsync(default);
                return true;
            }
            catch (IndexUnavailableException)
            {
                return false;
            }
        }, "the broker tells of its groups");
        await using var watch = feed.Watch(begin, Brief);
        Assert.False((await watch.NextAsync()).Delayed);

        broker.Stop();
        await Soon.Until(async () => (await watch.NextAsync()).Delayed, "a broker that hangs is noticed", 30);
        // What was read is known to the replica.
        Assert.NotNull(await feed.Feed.GetIndexedAsync(default));
        // Not a replica that starts meanwhile.
        await using (var blind = await TestFeed.StartAsync(topic))
        {
            await Assert.ThrowsAsync<IndexUnavailableException>(async () => await blind.Feed.GetIndexedAsync(default));
            await using var waiting = blind.Watch(watch.Position!, Brief);
            Assert.True((await waiting.NextAsync()).Delayed);
        }
        broker.Continue();
        await Soon.Until(async () => !(await watch.NextAsync()).Delayed, "its return is noticed", 30);

        broker.Kill();
        await Soon.Until(async () => (await watch.NextAsync()).Delayed, "a broker that died is noticed", 30);
        broker.Start();
        await broker.AwaitAsync();
        await topic.PublishAsync(TestTopic.Event(1, "lamp"));
        Assert.Single(await watch.ReadAsync(1));
        await Soon.Until(async () => !(await watch.NextAsync()).Delayed, "its return is noticed", 30);
    }

    private sealed class TestFeed : IAsyncDisposable
    {
        private readonly ServiceProvider _services;

        private readonly FakeIndex _index = new() { Current = new FakeIndex.Contents(TestTopic.LogId) };

        private TestFeed(TestTopic topic, TimeProvider time)
        {
            _services = new ServiceCollection().AddLogging(b => b.AddProvider(Log)).AddSingleton<IProductIndex>(_index).AddSingleton(time).AddKafkaChangeFeed(topic.Options).BuildServiceProvider();
            Feed = _services.GetRequiredService<IChangeFeed>();
        }

        public IChangeFeed Feed { get; }

        public LogCollector Log { get; } = new();

        public static async Task<TestFeed> StartAsync(TestTopic topic, TimeProvider? time = null)
        {
            var feed = new TestFeed(topic, time ?? TimeProvider.System);
            await feed._services.GetRequiredService<IHostedService>().StartAsync(default);
            return feed;
        }

        /// <summary>The index follows another log from now on.</summary>
        public void Follow(string logId) => _index.Current = new FakeIndex.Contents(logId);

        public Watch Watch(WatchPosition after, TimeSpan heartbeat) => new(Feed, after, heartbeat);

        public async ValueTask DisposeAsync()
        {
            await _services.GetRequiredService<IHostedService>().StopAsync(default);
            await _services.DisposeAsync();
        }
    }

    private sealed class Watch : IAsyncDisposable
    {
        private readonly CancellationTokenSource _deadline = new(TimeSpan.FromSeconds(60));
        private readonly IAsyncEnumerator<ChangeBatch> _batches;

        public Watch(IChangeFeed feed, WatchPosition after, TimeSpan heartbeat) => _batches = feed.ReadAsync(after, heartbeat, _deadline.Token).GetAsyncEnumerator(_deadline.Token);

        public WatchPosition? Position { get; private set; }

        public async Task<ChangeBatch> NextAsync()
        {
            Assert.True(await _batches.MoveNextAsync());
            Position = _batches.Current.Position;
            return _batches.Current;
        }

        /// <summary>At least so many events, however many batches they come in.</summary>
        public async Task<List<ProductEvent>> ReadAsync(int count)
        {
            var events = new List<ProductEvent>();
            while (events.Count < count) events.AddRange((await NextAsync()).Events);
            return events;
        }

        public async ValueTask DisposeAsync()
        {
            await _batches.DisposeAsync();
            _deadline.Dispose();
        }
    }
}
