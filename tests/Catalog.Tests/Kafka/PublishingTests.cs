using System.Text;
using Catalog.Commands.Relaying;
using Catalog.Kafka;
using Catalog.Kafka.Publishing;
using Catalog.V1;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Logging.Abstractions;

namespace Catalog.Tests.Kafka;

public sealed class PublishingTests
{
    [Fact]
    public void What_is_suspected_of_being_refused_is_of_one_log()
    {
        var options = new KafkaOptions();
        var clients = new KafkaClients(options, NullLoggerFactory.Instance);
        using var admin = new TopicAdmin(clients, TimeProvider.System);
        var publisher = new KafkaPublisher(clients, options, admin);
        var (five, seven) = (TestTopic.Event(5, "lamp"), TestTopic.Event(7, "lamp"));
        Assert.False(publisher.IsSuspect(five));
        publisher.Suspect(five.LogId, 6);
        publisher.Suspect(five.LogId, 4);
        Assert.Equal((true, false), (publisher.IsSuspect(five), publisher.IsSuspect(seven)));
        // After a restore the positions of the log that was left are those of other events.
        Assert.False(publisher.IsSuspect(five with { LogId = "restored" }));
        publisher.Suspect("restored", 1);
        Assert.False(publisher.IsSuspect(five));
    }

    [Fact]
    public async Task Events_come_out_in_order_with_their_keys_and_headers()
    {
        await using var topic = await TestTopic.CreateAsync();
        const string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        var events = Enumerable.Range(1, 500).Select(i => TestTopic.Event(i, $"p{i % 17}", i, traceParent: i % 2 == 0 ? trace : null)).ToList();
        await topic.PublishAsync(events);

        var messages = await topic.ReadAllAsync();
        Assert.Equal(500, messages.Count);
        var places = new Dictionary<string, int>();
        var last = new Dictionary<int, long>();
        foreach (var message in messages)
        {
            var happened = ProductEvent.Parser.ParseFrom(message.Message.Value);
            var published = events[(int)happened.Position - 1];
            Assert.Equal(published.ProductId, Encoding.UTF8.GetString(message.Message.Key));
            Assert.Equal(message.Partition.Value, places.TryAdd(published.ProductId, message.Partition) ? message.Partition.Value : places[published.ProductId]);
            Assert.True(happened.Position > last.GetValueOrDefault(message.Partition));
            last[message.Partition] = happened.Position;
            Assert.Equal(
                [
                    ("ce_specversion", "1.0"), ("ce_id", published.EventId), ("ce_type", "catalog.v1.product.created"), ("ce_source", "/catalogs/log-1"),
                    ("ce_time", published.Occurred.UtcDateTime.ToString("O")), ("content-type", "application/protobuf"),
                    .. published.TraceParent is null ? Array.Empty<(string, string)>() : [("traceparent", trace)],
                ],
                message.Message.Headers.Select(h => (h.Key, Encoding.UTF8.GetString(h.GetValueBytes()))));
        }
        Assert.Equal(3, last.Count);
    }

    [Fact]
    public async Task A_session_takes_no_more_than_its_bound_and_goes_on_when_events_are_acknowledged()
    {
        await using var topic = await TestTopic.CreateAsync();
        topic.Options.MaxInFlight = 10;
        var reports = new PublishReports();
        await using var session = topic.Publisher.Open(reports.Add);
        for (var i = 1; i <= 1000; i++)
        {
            await session.PublishAsync(TestTopic.Event(i, "lamp", i), default);
            Assert.True(i - reports.Count <= 10);
        }
        await session.FlushAsync(TimeSpan.FromSeconds(20), default);
        Assert.Equal(Enumerable.Range(1, 1000).Select(i => new PublishReport(i, PublishOutcome.Acknowledged)), reports.All);
    }

    [Fact]
    public async Task An_event_larger_than_the_client_sends_is_refused_behind_those_before_it_and_the_others_go_through()
    {
        await using var topic = await TestTopic.CreateAsync();
        var reports = new PublishReports();
        await using var session = topic.Publisher.Open(reports.Add);
        for (var i = 1; i <= 9; i++) await session.PublishAsync(TestTopic.Event(i, "lamp", i, padding: i == 5 ? 2_000_000 : 0), default);
        await session.FlushAsync(TimeSpan.FromSeconds(20), default);

        Assert.Equal(Enumerable.Range(1, 9), reports.All.Select(r => (int)r.Position));
        Assert.All(reports.All, r => Assert.Equal(r.Position == 5 ? PublishOutcome.Refused : PublishOutcome.Acknowledged, r.Outcome));
        Assert.Contains("message.max.bytes", reports.All[4].Reason);
        Assert.Equal(8, (await topic.ReadAllAsync()).Count);
    }

    [Fact]
    public async Task An_event_that_the_broker_refuses_takes_no_other_one_of_its_batch_with_it()
    {
        await using var topic = await TestTopic.CreateAsync(1);
        await topic.Admin.Client.IncrementalAlterConfigsAsync(new Dictionary<ConfigResource, List<ConfigEntry>>
        {
            [new ConfigResource { Type = ResourceType.Topic, Name = topic.Options.Topic }] = [new ConfigEntry { Name = "max.message.bytes", Value = "20000", IncrementalOperation = AlterConfigOpType.Set }],
        });
        var big = new string([.. Enumerable.Range(0, 60_000).Select(_ => (char)('a' + Random.Shared.Next(26)))]);
        var events = Enumerable.Range(1, 40).Select(i =>
        {
            if (i != 20) return TestTopic.Event(i, "lamp", i);
            var happened = TestTopic.Happened(i, "lamp", i);
            happened.Product.Description = big;
            return TestTopic.Event(i, "lamp", i) with { Value = Google.Protobuf.MessageExtensions.ToByteArray(happened) };
        }).ToList();

        var outcomes = await RelayAsync(topic, events);

        Assert.Equal([20], outcomes.Where(o => o.Value == PublishOutcome.Refused).Select(o => (int)o.Key));
        Assert.Equal(Enumerable.Range(1, 40).Except([20]), FirstAppearances(await topic.ReadAllAsync()));
    }

    [Fact]
    public async Task A_clock_that_the_broker_does_not_believe_makes_no_event_a_dead_one()
    {
        await using var topic = await TestTopic.CreateAsync(1);
        // A time that is past is none that it takes.
        await LimitAsync("1");
        var reports = new PublishReports();
        await using (var session = topic.Publisher.Open(reports.Add))
        {
            await session.PublishAsync(TestTopic.Event(1, "lamp"), default);
            await session.FlushAsync(TimeSpan.FromSeconds(30), default);
        }
        Assert.Equal([PublishOutcome.Broken], reports.All.Select(r => r.Outcome));

        await LimitAsync("9223372036854775807");
        Assert.Equal(PublishOutcome.Acknowledged, (await RelayAsync(topic, [TestTopic.Event(1, "lamp")]))[1]);

        Task LimitAsync(string milliseconds) => topic.Admin.Client.IncrementalAlterConfigsAsync(new Dictionary<ConfigResource, List<ConfigEntry>>
        {
            [new ConfigResource { Type = ResourceType.Topic, Name = topic.Options.Topic }] =
                [new ConfigEntry { Name = "message.timestamp.before.max.ms", Value = milliseconds, IncrementalOperation = AlterConfigOpType.Set }],
        });
    }

    [Fact]
    public async Task A_session_that_is_given_up_and_opened_again_repeats_but_loses_nothing()
    {
        await using var topic = await TestTopic.CreateAsync();
        var events = Enumerable.Range(1, 20_000).Select(i => TestTopic.Event(i, $"p{i % 50}", i)).ToList();
        var acknowledged = new bool[events.Count + 1];
        for (var (attempt, from) = (0, 1); from <= events.Count; attempt++)
        {
            await using var session = topic.Publisher.Open(r => acknowledged[r.Position] = r.Outcome == PublishOutcome.Acknowledged);
            foreach (var published in events.Skip(from - 1).Take(attempt < 5 ? 4_000 : int.MaxValue)) await session.PublishAsync(published, default);
            if (attempt >= 5) await session.FlushAsync(TimeSpan.FromSeconds(30), default);
            while (from <= events.Count && acknowledged[from]) from++;
        }
        var messages = await topic.ReadAllAsync();
        Assert.True(messages.Count >= events.Count);
        foreach (var partition in messages.GroupBy(m => m.Partition)) Assert.Equal(FirstAppearances(partition).Order(), FirstAppearances(partition));
        Assert.Equal(Enumerable.Range(1, events.Count), FirstAppearances(messages).Order());
    }

    [Fact]
    public async Task The_projectors_have_passed_an_end_when_they_committed_it_and_an_empty_partition_at_once()
    {
        await using var topic = await TestTopic.CreateAsync(2);
        Assert.True(await topic.Publisher.HasPassedAsync(await topic.Publisher.GetEndAsync(default), default));
        await topic.PublishAsync(TestTopic.Event(1, "lamp"), TestTopic.Event(2, "lamp", 2));
        var end = await topic.Publisher.GetEndAsync(default);
        var partition = Assert.Single(end.Offsets, o => o.Value == 2).Key;
        Assert.False(await topic.Publisher.HasPassedAsync(end, default));
        await Commit(1);
        Assert.False(await topic.Publisher.HasPassedAsync(end, default));
        await Commit(2);
        Assert.True(await topic.Publisher.HasPassedAsync(end, default));

        Task Commit(long offset) => topic.Admin.Client.AlterConsumerGroupOffsetsAsync(
            [new ConsumerGroupTopicPartitionOffsets(topic.Options.Group, [new TopicPartitionOffset(topic.Options.Topic, partition, offset)])]);
    }

    [Fact]
    public async Task Where_no_broker_answers_events_wait_in_the_session_and_asking_for_the_end_fails()
    {
        await using var topic = await TestTopic.CreateAsync(servers: "127.0.0.1:1", create: false);
        topic.Options.MaxInFlight = 5;
        var reports = new PublishReports();
        await using var session = topic.Publisher.Open(reports.Add);
        for (var i = 1; i <= 5; i++) await session.PublishAsync(TestTopic.Event(i, "lamp", i), default);
        using var impatient = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await session.PublishAsync(TestTopic.Event(6, "lamp", 6), impatient.Token));
        await Assert.ThrowsAnyAsync<KafkaException>(async () => await topic.Publisher.GetEndAsync(default));
        Assert.Empty(reports.All);
    }

    /// <summary>A relay in small: begins again, with another session, behind what is decided without a gap.</summary>
    internal static async Task<Dictionary<long, PublishOutcome>> RelayAsync(TestTopic topic, IReadOnlyList<EventEnvelope> events, Func<int, Task>? handedOver = null)
    {
        var outcomes = new Dictionary<long, PublishOutcome>();
        for (var next = 0; next < events.Count;)
        {
            var broken = false;
            var session = topic.Publisher.Open(r =>
            {
                lock (outcomes)
                {
                    // Nothing that comes after a broken one counts before it.
                    if (r.Outcome == PublishOutcome.Broken) broken = true;
                    else outcomes[r.Position] = r.Outcome;
                }
            });
            await using (session)
            {
                for (var i = next; i < events.Count && !Volatile.Read(ref broken); i++)
                {
                    if (handedOver is not null) await handedOver(i);
                    await session.PublishAsync(events[i], default);
                }
                await session.FlushAsync(TimeSpan.FromSeconds(60), default);
            }
            lock (outcomes)
                while (next < events.Count && outcomes.ContainsKey(events[next].Position)) next++;
        }
        return outcomes;
    }

    internal static List<int> FirstAppearances(IEnumerable<ConsumeResult<byte[], byte[]>> messages) =>
        [.. messages.Select(m => (int)ProductEvent.Parser.ParseFrom(m.Message.Value).Position).Distinct()];
}
