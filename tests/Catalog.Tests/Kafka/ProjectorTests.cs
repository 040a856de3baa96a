namespace Catalog.Tests.Kafka;

public sealed class ProjectorTests
{
    [Fact]
    public async Task Exactly_what_was_published_ends_in_the_index()
    {
        await using var topic = await TestTopic.CreateAsync();
        var indexes = new MemoryIndexSet();
        await topic.PublishAsync(Enumerable.Range(1, 100).Select(i => TestTopic.Event(i, $"p{i}")));
        await using var projector = await TestProjector.StartAsync(topic, indexes);
        await topic.PublishAsync(Enumerable.Range(101, 3000).Select(i => TestTopic.Event(i, $"p{i % 150}", i)));

        var expected = new SortedDictionary<string, long>(StringComparer.Ordinal);
        for (var i = 1; i <= 100; i++) expected[$"p{i}"] = 1;
        for (var i = 101; i <= 3100; i++) expected[$"p{i % 150}"] = i;
        await Soon.Until(() => indexes.Current!.Versions.SequenceEqual(expected), "everything is in the index");
        await Soon.Until(async () => await topic.Publisher.HasPassedAsync(await topic.Publisher.GetEndAsync(default), default), "the offsets are committed");
        await Soon.Until(() => indexes.Reports.LastOrDefault() is { Lag: 0, Newest: not null, DeadLetters: 0 }, "the status says so");
    }
}
