using System.Diagnostics;
using Microsoft.Extensions.Time.Testing;

namespace Catalog.Tests.Kafka;

public sealed class ProjectorFaultTests
{
    private readonly MemoryIndexSet _indexes = new();

    [Fact]
    public async Task A_projector_that_is_started_before_the_topic_is_made_finds_it()
    {
        await using var topic = await TestTopic.CreateAsync(create: false);
        await using var projector = await TestProjector.StartAsync(topic, _indexes);
        await Soon.Until(() => projector.Log.Lines.Count > 0, "it says that there is no topic");
        await topic.EnsureAsync();
        await topic.PublishAsync(TestTopic.Event(1, "lamp"));
        await Soon.Until(() => _indexes.Current!.Count == 1, "the event is in the index");
    }

    [Fact]
    public async Task A_client_that_gets_nothing_while_the_cluster_has_events_is_made_anew()
    {
        await using var topic = await TestTopic.CreateAsync(1);
        // Stands for a client that is dead and does not know: to this one the rest of the topic is hidden.
        topic.Options.Client["isolation.level"] = "read_committed";
        await topic.PublishAsync(TestTopic.Event(1, "lamp"));
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var projector = await TestProjector.StartAsync(topic, _indexes, time);
        await PassingAsync(() => _indexes.Current!.Count == 1, "it reads");
        using var transaction = topic.BeginTransaction();
        for (var i = 2; i < 5; i++) await transaction.ProduceAsync(topic.Options.Topic, TestTopic.Message(TestTopic.Event(i, $"p{i}")));
        // A minute of more and more events.
        var next = 5;
        await PassingAsync(
            () =>
            {
                if (next < 100) transaction.Produce(topic.Options.Topic, TestTopic.Message(TestTopic.Event(next, $"p{next++}")));
                return projector.Log.Lines.Any(l => l.Text.Contains("gets no further", StringComparison.Ordinal));
            }, "it is noticed");
        transaction.CommitTransaction();
        await PassingAsync(() => _indexes.Current!.Count == next - 1, "the next client reads on");

        // One second passes in a tenth.
        Task PassingAsync(Func<bool> condition, string what) => Soon.Until(
            async () =>
            {
                time.Advance(TimeSpan.FromSeconds(0.5));
                await Task.Delay(50);
                return condition();
            }, what, 90);
    }

    [Fact]
    public async Task A_broker_that_hangs_and_dies_and_comes_back_costs_nothing_but_time_and_a_shutdown_meanwhile_is_quick()
    {
        await using var broker = await TestBroker.StartAsync();
        await using var topic = await TestTopic.CreateAsync(servers: broker.Servers);
        await using var stopped = await TestProjector.StartAsync(topic, _indexes);
        await using var projector = await TestProjector.StartAsync(topic, _indexes);
        await Soon.Until(() => stopped.Projector.Partitions.Count > 0 && projector.Projector.Partitions.Count > 0, "they share");
        await topic.PublishAsync(Enumerable.Range(1, 100).Select(i => TestTopic.Event(i, $"p{i}")));
        await ProjectorTests.PassedAsync(topic);

        broker.Stop();
        var begun = Stopwatch.GetTimestamp();
        await stopped.Projector.StopAsync(default);
        Assert.True(Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(15), $"It took {Stopwatch.GetElapsedTime(begun)}.");
        broker.Continue();
        await topic.PublishAsync(Enumerable.Range(101, 100).Select(i => TestTopic.Event(i, $"p{i}")));
        await Soon.Until(() => _indexes.Current!.Count == 200, "it goes on after the broker hung", 60);

        broker.Kill();
        broker.Start();
        await broker.AwaitAsync();
        await topic.PublishAsync(Enumerable.Range(201, 100).Select(i => TestTopic.Event(i, $"p{i}")));
        await Soon.Until(() => _indexes.Current!.Count == 300, "it goes on after the broker died", 60);
        await ProjectorTests.PassedAsync(topic);
    }
}
