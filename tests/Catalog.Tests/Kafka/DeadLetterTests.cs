using System.Text;
using Catalog.Projections;
using Catalog.V1;
using Confluent.Kafka;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Catalog.Tests.Kafka;

public sealed class DeadLetterTests
{
    private readonly MemoryIndexSet _indexes = new();

    [Fact]
    public async Task What_is_no_event_becomes_a_dead_letter_with_the_reason_and_everything_else_flows_on()
    {
        await using var topic = await TestTopic.CreateAsync(1);
        await using var projector = await TestProjector.StartAsync(topic, _indexes);
        await topic.PublishAsync(TestTopic.Event(1, "before"));
        var wrongTime = TestTopic.Happened(1, "lamp");
        wrongTime.OccurredTime = new Google.Protobuf.WellKnownTypes.Timestamp { Seconds = long.MaxValue };
        var wrongName = TestTopic.Happened(1, "lamp");
        wrongName.Product.Name = "products/chair";
        var noLog = TestTopic.Happened(1, "lamp", logId: "");
        await topic.ProduceAsync("a", "{}"u8.ToArray());
        await topic.ProduceAsync("b", TestTopic.Happened(1, "lamp").ToByteArray(), headers: [.. TestTopic.EventHeaders, ("content-type", "application/json")]);
        await topic.ProduceAsync("c", [0xFF, 0xFF], headers: TestTopic.EventHeaders);
        await topic.ProduceAsync("d", null, headers: TestTopic.EventHeaders);
        await topic.ProduceAsync("e", wrongTime.ToByteArray(), headers: TestTopic.EventHeaders);
        await topic.ProduceAsync("f", wrongName.ToByteArray(), headers: TestTopic.EventHeaders);
        await topic.ProduceAsync("g", noLog.ToByteArray(), headers: TestTopic.EventHeaders);
        await topic.ProduceAsync("h", TestTopic.Happened(1, "lamp").ToByteArray(), headers: [.. TestTopic.EventHeaders, ("ce_type", "com.example.order.placed")]);
        await topic.ProduceAsync("i", TestTopic.Happened(1, "lamp").ToByteArray(), headers: [.. TestTopic.EventHeaders, ("ce_type", "catalog.v2.product.created")]);
        await topic.ProduceAsync("j", TestTopic.Happened(1, "lamp").ToByteArray(), headers: [.. TestTopic.EventHeaders, ("ce_specversion", "2.0")]);
        await topic.PublishAsync(TestTopic.Event(2, "after"));

        await ProjectorTests.PassedAsync(topic);
        Assert.Equal(["after", "before"], _indexes.Current!.Versions.Keys);
        var letters = await topic.ReadAllAsync(topic.Options.DeadLetterTopic);
        Assert.Equal(
            [
                ("a", "it has no header ce_type"), ("b", "its content type is \"application/json\""), ("c", "cannot be read"), ("d", "is empty"), ("e", "time is none"),
                ("f", "holds products/chair"), ("g", "names no event log"), ("h", "its ce_type is \"com.example.order.placed\""), ("i", "its ce_type is \"catalog.v2.product.created\""),
                ("j", "its ce_specversion is \"2.0\""),
            ],
            letters.OrderBy(l => Key(l)).Select((l, i) => (Key(l), Header(l, "dead-letter-reason") is var reason && reason.Contains(Expected[i]) ? Expected[i] : reason)));
        var first = letters.Single(l => Key(l) == "b");
        Assert.Equal((topic.Options.Topic, "0", "2", "catalog.v1.product.created"), (Header(first, "dead-letter-topic"), Header(first, "dead-letter-partition"), Header(first, "dead-letter-offset"), Header(first, "ce_type")));
        Assert.InRange(DateTimeOffset.Parse(Header(first, "dead-letter-time")), DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow);
        Assert.Equal(TestTopic.Happened(1, "lamp").Product, ProductEvent.Parser.ParseFrom(first.Message.Value).Product);
        await Soon.Until(() => _indexes.Reports.LastOrDefault() is { DeadLetters: 10, Lag: 0 }, "the status counts them");
        Assert.Equal((0, 10), await projector.Replay.RunAsync(default));
    }

    private static readonly string[] Expected =
        ["it has no header ce_type", "its content type is \"application/json\"", "cannot be read", "is empty", "time is none", "holds products/chair", "names no event log",
        "its ce_type is \"com.example.order.placed\"", "its ce_type is \"catalog.v2.product.created\"", "its ce_specversion is \"2.0\""];

    [Fact]
    public async Task What_the_index_refuses_is_replayed_with_one_command_and_what_it_still_refuses_stays()
    {
        await using var topic = await TestTopic.CreateAsync(3);
        _indexes.Reject = p => p.Name is "products/p3" or "products/p7" ? "It shines too brightly." : null;
        await using var projector = await TestProjector.StartAsync(topic, _indexes);
        await topic.PublishAsync(Enumerable.Range(1, 10).Select(i => TestTopic.Event(i, $"p{i}", 1)));
        await ProjectorTests.PassedAsync(topic);
        Assert.Equal(8, _indexes.Current!.Count);
        await Soon.Until(() => _indexes.Reports.LastOrDefault()?.DeadLetters == 2, "the status counts them");

        _indexes.Reject = p => p.Name == "products/p7" ? "Now it hums." : null;
        Assert.Equal((1, 1), await projector.Replay.RunAsync(default));
        Assert.Equal((9, 0), (_indexes.Current.Count, _indexes.Current.Versions.GetValueOrDefault("p7")));
        await Soon.Until(() => _indexes.Reports.LastOrDefault()?.DeadLetters == 1, "the status counts what is left");
        var left = (await topic.ReadAllAsync(topic.Options.DeadLetterTopic)).MaxBy(l => l.Offset.Value)!;
        Assert.Equal(("p7", "Now it hums.", topic.Options.Topic), (Key(left), Header(left, "dead-letter-reason"), Header(left, "dead-letter-topic")));
        Assert.Single(left.Message.Headers, h => h.Key == "dead-letter-reason");

        // It moved on meanwhile; a late replay takes nothing back.
        _indexes.Reject = _ => null;
        await topic.PublishAsync(TestTopic.Event(11, "p7", 2));
        await ProjectorTests.PassedAsync(topic);
        Assert.Equal((1, 0), await projector.Replay.RunAsync(default));
        Assert.Equal(2, _indexes.Current.Versions["p7"]);
        Assert.Equal((0, 0), await projector.Replay.RunAsync(default));
        Assert.Equal(11, (await topic.ReadAllAsync()).Count);
    }

    [Fact]
    public async Task A_dead_letter_of_a_log_that_is_gone_is_dropped_by_the_replay_and_one_without_an_index_stays()
    {
        await using var topic = await TestTopic.CreateAsync(1);
        _indexes.Reject = _ => "no";
        await using var projector = await TestProjector.StartAsync(topic, _indexes);
        await topic.PublishAsync(TestTopic.Event(1, "lamp"));
        await ProjectorTests.PassedAsync(topic);
        _indexes.Reject = _ => null;
        _indexes.Current = null;
        await Assert.ThrowsAsync<IndexLostException>(() => projector.Replay.RunAsync(default));
        _indexes.Current = new MemoryIndex("log-2");
        Assert.Equal((0, 0), await projector.Replay.RunAsync(default));
        Assert.Equal(0, _indexes.Current.Count);
        await Soon.Until(() => _indexes.Reports.LastOrDefault()?.DeadLetters == 0, "none waits");
    }

    [Fact]
    public async Task Offsets_are_not_committed_while_a_dead_letter_cannot_be_written()
    {
        await using var topic = await TestTopic.CreateAsync(1);
        await topic.Admin.Client.DeleteTopicsAsync([topic.Options.DeadLetterTopic]);
        await topic.ProduceAsync("a", [1]);
        await topic.PublishAsync(TestTopic.Event(1, "lamp"));
        await using var projector = await TestProjector.StartAsync(topic, _indexes);
        await Soon.Until(() => projector.Log.Lines.Any(l => l.Text.Contains("cannot be projected now")), "it tries", 60);
        Assert.False(await topic.Publisher.HasPassedAsync(await topic.Publisher.GetEndAsync(default), default));
        await topic.EnsureAsync();
        await ProjectorTests.PassedAsync(topic);
        Assert.NotEmpty(await topic.ReadAllAsync(topic.Options.DeadLetterTopic));
    }

    [Fact]
    public async Task A_message_as_large_as_the_topic_takes_becomes_a_dead_letter_too()
    {
        await using var topic = await TestTopic.CreateAsync(1);
        var noise = new byte[990_000];
        Random.Shared.NextBytes(noise);
        await topic.ProduceAsync("a", noise);
        await using var projector = await TestProjector.StartAsync(topic, _indexes);
        await ProjectorTests.PassedAsync(topic);
        Assert.Equal(noise, Assert.Single(await topic.ReadAllAsync(topic.Options.DeadLetterTopic)).Message.Value);
    }

    private static string Key(ConsumeResult<byte[], byte[]> letter) => Encoding.UTF8.GetString(letter.Message.Key);

    private static string Header(ConsumeResult<byte[], byte[]> letter, string name) => Encoding.UTF8.GetString(letter.Message.Headers.GetLastBytes(name));
}
