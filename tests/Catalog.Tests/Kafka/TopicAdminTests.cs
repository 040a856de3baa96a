using Catalog.Kafka;
using Confluent.Kafka;
using Microsoft.Extensions.Time.Testing;

namespace Catalog.Tests.Kafka;

public sealed class TopicAdminTests
{
    [Fact]
    public async Task Clients_that_have_had_no_answer_for_long_are_replaced()
    {
        await using var broker = await TestBroker.StartAsync();
        await using var topic = await TestTopic.CreateAsync(1, broker.Servers);
        await topic.PassAsync((0, 0));
        var time = new FakeTimeProvider();
        using var admin = new TopicAdmin(topic.Clients, time);
        await AskAsync(admin, topic);
        var first = admin.Client;

        broker.Stop();
        await Assert.ThrowsAnyAsync<KafkaException>(() => admin.DescribeAsync(topic.Options.Topic, default));
        // It may be busy for a moment.
        Assert.Same(first, admin.Client);
        time.Advance(TimeSpan.FromSeconds(31));
        await Assert.ThrowsAnyAsync<KafkaException>(() => admin.DescribeAsync(topic.Options.Topic, default));
        Assert.NotSame(first, admin.Client);
        await Assert.ThrowsAnyAsync<KafkaException>(() => admin.GetCommittedAsync(topic.Options.Group, topic.Options.Topic, [0], default));

        broker.Continue();
        await Soon.Until(async () =>
        {
            try
            {
                await AskAsync(admin, topic);
                return true;
            }
            catch (KafkaException)
            {
                return false;
            }
        }, "those after them get answers");
    }

    private static async Task AskAsync(TopicAdmin admin, TestTopic topic)
    {
        Assert.NotNull(await admin.DescribeAsync(topic.Options.Topic, default));
        Assert.Equal(0, (await admin.GetCommittedAsync(topic.Options.Group, topic.Options.Topic, [0], default))[0]);
    }
}
