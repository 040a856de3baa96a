using Catalog.Kafka;
using Catalog.Kafka.Topics;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Logging.Abstractions;

namespace Catalog.Tests.Kafka;

public sealed class TopicsTests
{
    private const string OneCopy = "Kafka:ReplicationFactor is 1: events that are not in the index yet are lost with the disk of a broker.";

    [Fact]
    public async Task Topics_are_made_with_their_settings_and_made_once_however_often_it_is_asked()
    {
        await using var topic = await TestTopic.CreateAsync(5, create: false);
        var found = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => topic.EnsureAsync()));
        Assert.All(found, f => Assert.Equal([OneCopy], f));
        Assert.Equal([OneCopy], await topic.EnsureAsync());

        Assert.Equal(5, (await topic.Admin.GetPartitionsAsync(topic.Options.Topic, default)).Count);
        var configs = await ConfigsAsync(topic, topic.Options.Topic);
        Assert.Equal(("delete", "604800000", "1", "false"),
            (configs["cleanup.policy"].Value, configs["retention.ms"].Value, configs["min.insync.replicas"].Value, configs["unclean.leader.election.enable"].Value));
        Assert.Equal("31536000000", (await ConfigsAsync(topic, topic.Options.DeadLetterTopic))["retention.ms"].Value);
    }

    [Fact]
    public async Task A_topic_that_is_not_as_it_must_be_is_reported_in_sentences()
    {
        await using var topic = await TestTopic.CreateAsync(4);
        topic.Options.Partitions = 12;
        (topic.Options.ReplicationFactor, topic.Options.MinInSyncReplicas) = (30, 30);
        await topic.Admin.Client.IncrementalAlterConfigsAsync(new Dictionary<ConfigResource, List<ConfigEntry>>
        {
            [new ConfigResource { Type = ResourceType.Topic, Name = topic.Options.Topic }] =
            [
                new ConfigEntry { Name = "cleanup.policy", Value = "compact", IncrementalOperation = AlterConfigOpType.Set },
                new ConfigEntry { Name = "retention.ms", Value = "60000", IncrementalOperation = AlterConfigOpType.Set },
            ],
        });
        IReadOnlyList<string> found = [];
        await Soon.Until(async () => (found = await topic.EnsureAsync()).Count >= 9, "all is found");
        Assert.Contains(found, f => f.Contains("has 4 partitions, not 12. Never change that in place"));
        Assert.Contains(found, f => f.Contains("has cleanup.policy=compact, not delete: events must not be compacted away"));
        Assert.Contains(found, f => f.Contains("has retention.ms=60000, not 604800000"));
        Assert.Contains(found, f => f.Contains("has the replication factor 1, not 30"));
        Assert.Contains(found, f => f.Contains("has min.insync.replicas=1, not 30: it decides how many copies"));
        Assert.Contains(found, f => f.Contains("brokers; Kafka:ReplicationFactor 30 needs as many"));
        Assert.Contains(found, f => f.Contains("Kafka:MinInSyncReplicas equals Kafka:ReplicationFactor"));
        // It reports, and changes nothing.
        Assert.Equal(4, (await topic.Admin.GetPartitionsAsync(topic.Options.Topic, default)).Count);
    }

    [Fact]
    public async Task An_admin_client_that_ended_by_itself_is_replaced()
    {
        await using var topic = await TestTopic.CreateAsync(2);
        var ended = topic.Admin.Client;
        Assert.Same(ended, topic.Admin.Client);
        ended.Dispose();
        Assert.Equal(2, (await topic.Admin.GetPartitionsAsync(topic.Options.Topic, default)).Count);
        Assert.NotSame(ended, topic.Admin.Client);
    }

    [Fact]
    public async Task What_an_admin_client_that_ends_is_asked_for_fails_instead_of_waiting_forever()
    {
        // Nobody listens there.
        await using var topic = await TestTopic.CreateAsync(servers: "127.0.0.1:1", create: false);
        var asked = topic.Admin.CallAsync(
            async client =>
            {
                client.Dispose();
                await new TaskCompletionSource<bool>().Task;
                return true;
            }, default);
        Assert.Equal(ErrorCode.Local_Destroy, (await Assert.ThrowsAsync<KafkaException>(() => asked.WaitAsync(TimeSpan.FromSeconds(30)))).Error.Code);
    }

    [Fact]
    public async Task More_copies_than_there_are_brokers_fail_with_the_name_of_the_setting()
    {
        await using var topic = await TestTopic.CreateAsync(create: false);
        (topic.Options.ReplicationFactor, topic.Options.MinInSyncReplicas) = (30, 2);
        var error = await Assert.ThrowsAsync<TopicsException>(topic.EnsureAsync);
        Assert.Contains("Kafka:ReplicationFactor is 30, and the cluster has", error.Message);
    }

    [Fact]
    public async Task A_cluster_that_does_not_answer_is_named()
    {
        using var topics = new KafkaTopics(new KafkaOptions { BootstrapServers = "127.0.0.1:1" }, NullLoggerFactory.Instance);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        Assert.Contains("Kafka at 127.0.0.1:1 does not answer", (await Assert.ThrowsAsync<TopicsException>(() => topics.EnsureAsync(limit.Token))).Message);
    }

    private static async Task<Dictionary<string, ConfigEntryResult>> ConfigsAsync(TestTopic topic, string name) =>
        (await topic.Admin.Client.DescribeConfigsAsync([new ConfigResource { Type = ResourceType.Topic, Name = name }]))[0].Entries;
}
