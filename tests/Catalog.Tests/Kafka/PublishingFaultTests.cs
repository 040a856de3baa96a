using System.Diagnostics;
using Catalog.Commands.Relaying;

namespace Catalog.Tests.Kafka;

public sealed class PublishingFaultTests
{
    [Fact]
    public async Task A_broker_that_hangs_and_dies_and_comes_back_gets_everything_with_first_appearances_in_order()
    {
        await using var broker = await TestBroker.StartAsync();
        await using var topic = await TestTopic.CreateAsync(servers: broker.Servers);
        topic.Options.MaxInFlight = 1000;
        var events = Enumerable.Range(1, 12_000).Select(i => TestTopic.Event(i, $"p{i % 40}", i)).ToList();
        Task? recovery = null;

        var outcomes = await PublishingTests.RelayAsync(topic, events, async handedOver =>
        {
            if (handedOver == 3_000)
            {
                broker.Stop();
                recovery = Task.Delay(2_000).ContinueWith(_ => broker.Continue(), TaskScheduler.Default);
            }
            else if (handedOver == 7_000)
            {
                await recovery!;
                broker.Kill();
                broker.Start();
            }
        });

        Assert.Equal(events.Count, outcomes.Count(o => o.Value == PublishOutcome.Acknowledged));
        var messages = await topic.ReadAllAsync();
        Assert.Equal(Enumerable.Range(1, events.Count), PublishingTests.FirstAppearances(messages).Order());
        foreach (var partition in messages.GroupBy(m => m.Partition))
            Assert.Equal(PublishingTests.FirstAppearances(partition).Order(), PublishingTests.FirstAppearances(partition));
    }

    [Fact]
    public async Task A_session_is_given_up_quickly_while_the_broker_hangs()
    {
        await using var broker = await TestBroker.StartAsync();
        await using var topic = await TestTopic.CreateAsync(servers: broker.Servers);
        var reports = new PublishReports();
        var session = topic.Publisher.Open(reports.Add);
        await session.PublishAsync(TestTopic.Event(1, "lamp"), default);
        await session.FlushAsync(TimeSpan.FromSeconds(20), default);
        Assert.Equal(1, reports.Count);
        broker.Stop();
        for (var i = 2; i < 1000; i++) await session.PublishAsync(TestTopic.Event(i, "lamp", i), default);
        await session.FlushAsync(TimeSpan.FromMilliseconds(100), default);
        var begun = Stopwatch.GetTimestamp();
        await session.DisposeAsync();
        Assert.True(Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(10), $"It took {Stopwatch.GetElapsedTime(begun)}.");
        Assert.Equal(1, reports.Count);
        broker.Continue();
    }
}
