using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Catalog.Tests.Kafka;

public sealed class LostEventsTests
{
    private readonly MemoryIndexSet _indexes = new();

    [Fact]
    public async Task Events_that_expired_before_they_were_projected_stop_their_partition_until_the_index_was_rebuilt()
    {
        await using var topic = await TestTopic.CreateAsync(1);
        await topic.PublishAsync(Enumerable.Range(1, 10).Select(i => TestTopic.Event(i, $"p{i}")));
        await topic.PassAsync((0, 3));
        await topic.Admin.Client.DeleteRecordsAsync([new TopicPartitionOffset(topic.Options.Topic, 0, 6)]);
        await using var projector = await TestProjector.StartAsync(topic, _indexes);

        await Soon.Until(() => projector.Log.Lines.Any(l => l.Level == LogLevel.Error && l.Text.Contains("Run \"rebuild\"")), "it says what to do");
        Assert.Contains(projector.Log.Lines, l => l.Text.Contains("at offset 3, and the topic keeps them from 6 on"));
        await topic.PublishAsync(TestTopic.Event(11, "p11"));
        await Soon.Until(() => _indexes.Reports.Count >= 4, "time passes");
        Assert.Equal(0, _indexes.Current!.Count);

        _indexes.Current = new MemoryIndex(TestTopic.LogId) { Position = 10 };
        await Soon.Until(() => _indexes.Current.Versions.Keys.Order().SequenceEqual(["p10", "p11", "p7", "p8", "p9"]), "it goes on");
        await ProjectorTests.PassedAsync(topic);
        Assert.Single(projector.Log.Lines, l => l.Level == LogLevel.Error);
    }

    [Fact]
    public async Task A_group_that_lost_its_offsets_stops_too_unless_the_index_holds_what_is_gone()
    {
        await using var topic = await TestTopic.CreateAsync(1);
        await topic.PublishAsync(Enumerable.Range(1, 10).Select(i => TestTopic.Event(i, $"p{i}")));
        await topic.Admin.Client.DeleteRecordsAsync([new TopicPartitionOffset(topic.Options.Topic, 0, 6)]);
        _indexes.Current!.Position = 5;
        await using (var projector = await TestProjector.StartAsync(topic, _indexes))
            await Soon.Until(() => projector.Log.Lines.Any(l => l.Level == LogLevel.Error && l.Text.Contains("Run \"rebuild\"")), "it says what to do");
        Assert.Equal(0, _indexes.Current!.Count);

        _indexes.Current.Position = 6;
        await using (var projector = await TestProjector.StartAsync(topic, _indexes))
        {
            await Soon.Until(() => _indexes.Current.Count == 4, "it goes on");
            Assert.DoesNotContain(projector.Log.Lines, l => l.Level == LogLevel.Error);
        }
    }

    [Fact]
    public async Task What_was_replayed_out_of_order_and_what_is_no_event_do_not_show_that_nothing_is_gone()
    {
        await using var topic = await TestTopic.CreateAsync(1);
        await topic.PublishAsync(Enumerable.Range(1, 6).Select(i => TestTopic.Event(i, $"p{i}")));
        await topic.PublishAsync(TestTopic.Event(2, "p2") with { IsReplay = true });
        await topic.ProduceAsync("noise", [1]);
        await topic.PublishAsync(TestTopic.Event(7, "p7"));
        await topic.Admin.CallAsync(a => a.DeleteRecordsAsync([new TopicPartitionOffset(topic.Options.Topic, 0, 6)]), default);
        _indexes.Current!.Position = 5;
        await using (var projector = await TestProjector.StartAsync(topic, _indexes))
            await Soon.Until(() => projector.Log.Lines.Any(l => l.Level == LogLevel.Error && l.Text.Contains("Run \"rebuild\"")), "it says what to do");
        Assert.Equal(0, _indexes.Current.Count);

        _indexes.Current.Position = 6;
        await using (var projector = await TestProjector.StartAsync(topic, _indexes)) await Soon.Until(() => _indexes.Current.Versions.ContainsKey("p7"), "it goes on");
    }

    [Fact]
    public async Task A_partition_that_has_nothing_left_and_was_lifted_over_the_loss_is_not_stopped_again()
    {
        await using var topic = await TestTopic.CreateAsync(1);
        await topic.PublishAsync(Enumerable.Range(1, 10).Select(i => TestTopic.Event(i, $"p{i}")));
        await topic.Admin.Client.DeleteRecordsAsync([new TopicPartitionOffset(topic.Options.Topic, 0, 10)]);
        await using (var projector = await TestProjector.StartAsync(topic, _indexes))
        {
            await Soon.Until(() => projector.Log.Lines.Any(l => l.Level == LogLevel.Error && l.Text.Contains("Run \"rebuild\"")), "it says what to do");
            _indexes.Current = new MemoryIndex(TestTopic.LogId);
            await Soon.Until(async () => (await topic.Admin.GetCommittedAsync(topic.Options.Group, topic.Options.Topic, [0], default))[0] == 10, "where it goes on is committed");
        }
        // Another one in its place, as at every deployment, with an event that is far behind what the index held when it began to serve.
        await using (var projector = await TestProjector.StartAsync(topic, _indexes))
        {
            await topic.PublishAsync(TestTopic.Event(500, "p500"));
            await Soon.Until(() => _indexes.Current.Count == 1, "it reads on");
            Assert.DoesNotContain(projector.Log.Lines, l => l.Level == LogLevel.Error);
        }
    }

    [Fact]
    public async Task A_projector_beyond_the_end_of_the_topic_says_so_and_goes_on_after_a_rebuild()
    {
        await using var topic = await TestTopic.CreateAsync(1);
        await topic.PublishAsync(TestTopic.Event(1, "p1"));
        await topic.PassAsync((0, 500));
        _indexes.Current!.Position = -5;
        await using var projector = await TestProjector.StartAsync(topic, _indexes);
        await Soon.Until(() => projector.Log.Lines.Any(l => l.Level == LogLevel.Error && l.Text.Contains("offset 500") && l.Text.Contains("ends at 1")), "it says so");
        Assert.Equal(0, _indexes.Current.Count);
        Assert.False(await topic.Publisher.HasPassedAsync(await topic.Publisher.GetEndAsync(default), default));
        // Nothing was written meanwhile.
        _indexes.Current = new MemoryIndex(TestTopic.LogId) { Position = -5 };
        await Soon.Until(() => _indexes.Current.Count == 1, "it goes on");
    }

    [Fact]
    public async Task A_topic_that_was_made_anew_is_read_from_its_beginning_and_that_is_said()
    {
        await using var topic = await TestTopic.CreateAsync(1);
        await using var projector = await TestProjector.StartAsync(topic, _indexes);
        await topic.PublishAsync(Enumerable.Range(1, 50).Select(i => TestTopic.Event(i, $"p{i}")));
        await ProjectorTests.PassedAsync(topic);
        await topic.Admin.Client.DeleteTopicsAsync([topic.Options.Topic]);
        await Soon.Until(async () => await topic.Admin.DescribeAsync(topic.Options.Topic, default) is null, "the topic is gone");
        await topic.EnsureAsync();
        await topic.PublishAsync(TestTopic.Event(51, "p51"), TestTopic.Event(52, "p52"));
        await Soon.Until(() => _indexes.Current!.Count == 52, "the new topic is read");
        Assert.Contains(projector.Log.Lines, l => l.Level == LogLevel.Error && l.Text.Contains("made anew"));
    }
}
