using System.Diagnostics;
using Catalog.Kafka.Projecting;
using Catalog.Projections;
using Catalog.V1;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Catalog.Tests.Kafka;

public sealed class ProjectorTests
{
    private readonly MemoryIndexSet _indexes = new();

    [Fact]
    public async Task Exactly_what_was_published_ends_in_the_index()
    {
        await using var topic = await TestTopic.CreateAsync();
        await topic.PublishAsync(Enumerable.Range(1, 100).Select(i => TestTopic.Event(i, $"p{i}")));
        await using var projector = await TestProjector.StartAsync(topic, _indexes);
        await topic.PublishAsync(Enumerable.Range(101, 3000).Select(i => TestTopic.Event(i, $"p{i % 150}", i)));

        var expected = new SortedDictionary<string, long>(StringComparer.Ordinal);
        for (var i = 1; i <= 100; i++) expected[$"p{i}"] = 1;
        for (var i = 101; i <= 3100; i++) expected[$"p{i % 150}"] = i;
        await Soon.Until(() => _indexes.Current!.Versions.SequenceEqual(expected), "everything is in the index");
        await PassedAsync(topic);
        await Soon.Until(() => _indexes.Reports.LastOrDefault() is { Lag: 0, Oldest: null, DeadLetters: 0 }, "the status says so");
    }

    [Fact]
    public async Task While_the_index_is_away_the_projector_tries_again_and_stays_in_its_group()
    {
        await using var topic = await TestTopic.CreateAsync();
        topic.Options.Client["max.poll.interval.ms"] = "6000";
        _indexes.Away = true;
        await using var projector = await TestProjector.StartAsync(topic, _indexes);
        await topic.PublishAsync(Enumerable.Range(1, 100).Select(i => TestTopic.Event(i, $"p{i}")));
        var begun = Stopwatch.GetTimestamp();
        await Soon.Until(() => _indexes.Attempts >= 5 && Stopwatch.GetElapsedTime(begun) > TimeSpan.FromSeconds(9), "it tries for longer than the group would wait for a member that does not poll");
        await Soon.Until(() => _indexes.Reports.LastOrDefault() is { Lag: 100 }, "the status says how much waits");
        // Also while the status cannot be noted.
        var reports = _indexes.Reports.Count;
        await Soon.Until(() => _indexes.Reports.Count > reports, "it goes on to report");
        Assert.Equal(100, projector.Metrics.Lag?.Messages);
        await topic.PublishAsync(Enumerable.Range(101, 100).Select(i => TestTopic.Event(i, $"p{i}")));
        _indexes.Away = false;
        await Soon.Until(() => _indexes.Current!.Count == 200, "everything is in the index");
        await PassedAsync(topic);
        // It got its partitions once, and gave none up.
        Assert.Single(projector.Log.Lines, l => l.Text.StartsWith("Got ", StringComparison.Ordinal));
        Assert.DoesNotContain(projector.Log.Lines, l => l.Text.StartsWith("Gave up", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_wrong_with_the_topic_is_said_at_the_start()
    {
        await using var topic = await TestTopic.CreateAsync(1);
        topic.Options.Partitions = 5;
        await using var projector = await TestProjector.StartAsync(topic, _indexes);
        await Soon.Until(() => projector.Log.Lines.Any(l => l.Text.Contains("has 1 partitions, not 5. Never change that in place", StringComparison.Ordinal)), "it is said");
    }

    [Fact]
    public async Task How_long_events_wait_is_told_also_by_a_projector_that_began_after_them()
    {
        await using var topic = await TestTopic.CreateAsync(1);
        var happened = TestTopic.Happened(1, "lamp");
        happened.OccurredTime = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow.AddHours(-1));
        await topic.PublishAsync(TestTopic.Event(1, "lamp") with { Value = happened.ToByteArray() });
        _indexes.Away = true;
        await using var projector = await TestProjector.StartAsync(topic, _indexes);
        await Soon.Until(() => _indexes.Reports.LastOrDefault() is { Lag: 1, Oldest: { } oldest } && oldest == happened.OccurredTime.ToDateTimeOffset(), "the status says for how long");
        _indexes.Away = false;
        await Soon.Until(() => _indexes.Reports.LastOrDefault() is { Lag: 0, Oldest: null }, "none waits");
    }

    [Fact]
    public async Task What_waits_in_partitions_of_a_projector_that_does_not_speak_is_told_by_the_others()
    {
        await using var topic = await TestTopic.CreateAsync(1);
        using var silent = new GroupConsumer(topic.Clients, topic.Options, NullLogger.Instance);
        await Soon.Until(() => silent.Collect().Count == 0 && silent.Partitions.Count == 1, "it holds everything");
        await topic.PublishAsync(Enumerable.Range(1, 10).Select(i => TestTopic.Event(i, $"p{i}")));
        await using var projector = await TestProjector.StartAsync(topic, _indexes);
        await Soon.Until(() => _indexes.Reports.LastOrDefault() is { Lag: 10, Oldest: not null }, "the other one says so");
        Assert.Empty(projector.Projector.Partitions);
    }

    [Fact]
    public async Task Two_projectors_share_the_partitions_and_one_that_is_killed_in_the_middle_loses_nothing()
    {
        await using var topic = await TestTopic.CreateAsync(4);
        await topic.PublishAsync(Enumerable.Range(1, 1000).Select(i => TestTopic.Event(i, $"p{i}")));
        var victim = new GroupConsumer(topic.Clients, topic.Options, NullLogger.Instance);
        var placement = new PartitionPlacement(victim, topic.Clients, topic.Admin, topic.Options, _indexes, new KafkaProjectorMetrics(), NullLogger.Instance);
        await Soon.Until(() => Polled() && victim.Partitions.Count == 4, "the first has all partitions");
        await using var projector = await TestProjector.StartAsync(topic, _indexes);
        await Soon.Until(() => Polled() && victim.Partitions.Count == 2 && projector.Projector.Partitions.Count == 2, "they share");
        // It has read messages, and dies before any was committed.
        await topic.PublishAsync(Enumerable.Range(1001, 1000).Select(i => TestTopic.Event(i, $"p{i}")));
        IReadOnlyList<ConsumeResult<byte[], byte[]>> read = [];
        await Soon.Until(() =>
        {
            placement.Resolve();
            return (read = victim.Collect()).Count > 0;
        }, "it has read some");
        victim.Vanish();

        await Soon.Until(() => projector.Projector.Partitions.Count == 4, "the other one takes over");
        await Soon.Until(() => _indexes.Current!.Count == 2000, "everything is in the index");
        await PassedAsync(topic);

        bool Polled()
        {
            _ = victim.Collect();
            placement.Resolve();
            return true;
        }
    }

    [Fact]
    public async Task A_partition_that_is_silent_since_it_was_given_out_is_asked_about_and_read_on()
    {
        await using var topic = await TestTopic.CreateAsync(2);
        await topic.PublishAsync(Enumerable.Range(1, 100).Select(i => TestTopic.Event(i, $"p{i}")));
        await using (await TestProjector.StartAsync(topic, _indexes)) await PassedAsync(topic);

        // There is nothing to read, and the client is content with what is committed: that looks like a partition of which it lost sight.
        using var consumer = new GroupConsumer(topic.Clients, topic.Options, NullLogger.Instance);
        var placement = new PartitionPlacement(consumer, topic.Clients, topic.Admin, topic.Options, _indexes, new KafkaProjectorMetrics(), NullLogger.Instance);
        await Soon.Until(() => consumer.Collect().Count == 0 && consumer.Unplaced.Count == 2, "both are asked about");
        await Soon.Until(() =>
        {
            placement.Resolve();
            return consumer.Unplaced.Count == 0;
        }, "both are placed");
        await topic.PublishAsync(Enumerable.Range(101, 100).Select(i => TestTopic.Event(i, $"p{i}")));
        var offsets = new List<(int, long)>();
        await Soon.Until(() =>
        {
            offsets.AddRange(consumer.Collect().Select(m => (m.Partition.Value, m.Offset.Value)));
            return offsets.Count >= 100;
        }, "what is new is read");
        Assert.Equal(100, offsets.Distinct().Count());
    }

    [Fact]
    public async Task A_projector_that_stops_hands_its_partitions_over_at_once()
    {
        await using var topic = await TestTopic.CreateAsync(4);
        topic.Options.Client["session.timeout.ms"] = "40000";
        await using var first = await TestProjector.StartAsync(topic, _indexes);
        await Soon.Until(() => first.Projector.Partitions.Count == 4, "the first has all partitions");
        await using var second = await TestProjector.StartAsync(topic, _indexes);
        await Soon.Until(() => second.Projector.Partitions.Count == 2, "they share");
        await topic.PublishAsync(Enumerable.Range(1, 100).Select(i => TestTopic.Event(i, $"p{i}")));
        await first.Projector.StopAsync(default);
        await Soon.Until(() => second.Projector.Partitions.Count == 4, "the second has all partitions", 15);
        await Soon.Until(() => _indexes.Current!.Count == 100, "everything is in the index");
        await PassedAsync(topic);
    }

    [Fact]
    public async Task Events_of_another_log_are_skipped_and_those_of_the_log_that_the_index_follows_now_are_not()
    {
        await using var topic = await TestTopic.CreateAsync(1);
        await using var projector = await TestProjector.StartAsync(topic, _indexes);
        await topic.PublishAsync(TestTopic.Event(1, "kept"), TestTopic.Event(2, "lost", logId: "log-0"));
        await PassedAsync(topic);
        Assert.Equal(["kept"], _indexes.Current!.Versions.Keys);

        // The database was restored, and the index rebuilt from it.
        _indexes.Current = new MemoryIndex("log-2");
        await topic.PublishAsync(TestTopic.Event(3, "late"), TestTopic.Event(1, "new", logId: "log-2"));
        await PassedAsync(topic);
        Assert.Equal(["new"], _indexes.Current.Versions.Keys);
        Assert.Empty(await topic.ReadAllAsync(topic.Options.DeadLetterTopic));
        Assert.Contains(projector.Log.Lines, l => l.Text.Contains("Skipped 1 events of another event log than log-2"));
    }

    [Fact]
    public async Task Without_an_index_the_projector_waits_for_one()
    {
        await using var topic = await TestTopic.CreateAsync();
        var lost = _indexes.Current!;
        lost.Lost = true;
        await using var projector = await TestProjector.StartAsync(topic, _indexes);
        await topic.PublishAsync(TestTopic.Event(1, "lamp"));
        await Soon.Until(() => _indexes.Attempts >= 2, "it tries");
        _indexes.Current = null;
        await Soon.Until(() => _indexes.Attempts >= 4, "it waits");
        _indexes.Current = new MemoryIndex(TestTopic.LogId);
        await Soon.Until(() => _indexes.Current.Count == 1, "the event is in the new index");
        Assert.Equal(0, lost.Count);
    }

    [Fact]
    public async Task A_kind_of_event_that_came_later_still_carries_its_product()
    {
        await using var topic = await TestTopic.CreateAsync(1);
        await using var projector = await TestProjector.StartAsync(topic, _indexes);
        var happened = TestTopic.Happened(1, "lamp");
        happened.ClearChange();
        // Field 77, a message, which this build does not know.
        await topic.ProduceAsync("lamp", [.. happened.ToByteArray(), 0xEA, 0x04, 0x00], headers: [.. TestTopic.EventHeaders, ("ce_type", "catalog.v1.product.reviewed")]);
        await Soon.Until(() => _indexes.Current!.Count == 1, "the product is in the index");
    }

    [Fact]
    public async Task The_trace_of_a_command_goes_on_into_the_index()
    {
        const string trace = "0af7651916cd43dd8448eb211c80319c";
        Activity? seen = null;
        using var listener = new ActivityListener
        {
            ShouldListenTo = s => s.Name == ProjectionMetrics.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = a => seen = a.TraceId.ToHexString() == trace || a.Links.Any(l => l.Context.TraceId.ToHexString() == trace) ? a : seen,
        };
        ActivitySource.AddActivityListener(listener);
        await using var topic = await TestTopic.CreateAsync(1);
        await using var projector = await TestProjector.StartAsync(topic, _indexes);
        await topic.PublishAsync(TestTopic.Event(1, "lamp", traceParent: $"00-{trace}-b7ad6b7169203331-01"));
        await Soon.Until(() => seen is { Kind: ActivityKind.Consumer }, "the trace goes on");
    }

    internal static Task PassedAsync(TestTopic topic) =>
        Soon.Until(async () => await topic.Publisher.HasPassedAsync(await topic.Publisher.GetEndAsync(default), default), "the offsets are committed");
}
