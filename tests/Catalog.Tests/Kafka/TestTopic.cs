using System.Globalization;
using Catalog.Commands.Relaying;
using Catalog.Kafka;
using Catalog.Kafka.Publishing;
using Catalog.Kafka.Topics;
using Catalog.V1;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;

namespace Catalog.Tests.Kafka;

/// <summary>A topic of the test's own, with its dead letters and its group; gone with the test.</summary>
internal sealed class TestTopic : IAsyncDisposable
{
    public const string LogId = "log-1";

    private static int _count;

    private bool _made;

    private TestTopic(string servers, int partitions)
    {
        Options = new KafkaOptions
        {
            BootstrapServers = servers,
            Topic = $"test-{Environment.ProcessId}-{Interlocked.Increment(ref _count)}-{Guid.NewGuid():N}",
            Partitions = partitions,
            ReplicationFactor = 1,
            MinInSyncReplicas = 1,
            Client = { ["session.timeout.ms"] = "6000", ["heartbeat.interval.ms"] = "1000" },
        };
        Options.Group = Options.Topic;
        Clients = new KafkaClients(Options, NullLoggerFactory.Instance);
        Admin = new TopicAdmin(Clients, TimeProvider.System);
        Publisher = new KafkaPublisher(Clients, Options, Admin);
    }

    public KafkaOptions Options { get; }

    public KafkaClients Clients { get; }

    public TopicAdmin Admin { get; }

    public KafkaPublisher Publisher { get; }

    public static async Task<TestTopic> CreateAsync(int partitions = 3, string? servers = null, bool create = true)
    {
        if (servers is null)
        {
            servers = Environment.GetEnvironmentVariable("TEST_KAFKA");
            Assert.SkipWhen(string.IsNullOrEmpty(servers), "TEST_KAFKA names no Kafka.");
        }
        var topic = new TestTopic(servers!, partitions);
        if (create) await topic.EnsureAsync();
        return topic;
    }

    public async Task<IReadOnlyList<string>> EnsureAsync()
    {
        _made = true;
        using var topics = new KafkaTopics(Options, NullLoggerFactory.Instance);
        return await topics.EnsureAsync(default);
    }

    /// <summary>An event as the relay hands it over.</summary>
    public static EventEnvelope Event(long position, string productId, long version = 1, string logId = LogId, string? traceParent = null, int padding = 0)
    {
        var happened = Happened(position, productId, version, logId);
        happened.Product.Description = new string('x', padding);
        return new EventEnvelope(position, productId, happened.EventId, "catalog.v1.product.created", logId, happened.OccurredTime.ToDateTimeOffset(), traceParent, happened.ToByteArray());
    }

    public static ProductEvent Happened(long position, string productId, long version = 1, string logId = LogId) => new()
    {
        EventId = $"{logId}-{position.ToString(CultureInfo.InvariantCulture)}",
        LogId = logId,
        Name = ProductName.Format(productId),
        Version = version,
        Position = position,
        OccurredTime = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow),
        Product = new Product { Name = ProductName.Format(productId), Version = version, Title = $"Title of {productId}" },
        Created = new ProductCreated(),
    };

    public async Task PublishAsync(params IEnumerable<EventEnvelope> events)
    {
        var reports = new PublishReports();
        await using var session = Publisher.Open(reports.Add);
        foreach (var published in events) await session.PublishAsync(published, default);
        await session.FlushAsync(TimeSpan.FromSeconds(20), default);
        Assert.All(reports.All, r => Assert.Equal(PublishOutcome.Acknowledged, r.Outcome));
    }

    /// <summary>Begins a transaction, as no relay does: whoever reads only what is committed gets nothing behind its first message until it ends, though the topic's end moves.</summary>
    public IProducer<string, byte[]> BeginTransaction()
    {
        var producer = Clients.Producer("transaction", _ => { }, ("transactional.id", Options.Topic));
        producer.InitTransactions(TimeSpan.FromSeconds(30));
        producer.BeginTransaction();
        return producer;
    }

    /// <summary>An event as a message of a producer of the test's own.</summary>
    public static Message<string, byte[]> Message(EventEnvelope published) => new() { Key = published.ProductId, Value = published.Value.ToArray(), Headers = new EventHeaders().Of(published) };

    /// <summary>Writes a message that no relay would.</summary>
    public async Task ProduceAsync(string key, byte[]? value, string? topic = null, params (string Name, string Value)[] headers)
    {
        using var producer = Clients.Producer("test", _ => { });
        var message = new Message<string, byte[]> { Key = key, Value = value!, Headers = [] };
        foreach (var (name, text) in headers) message.Headers.Add(name, System.Text.Encoding.UTF8.GetBytes(text));
        await producer.ProduceAsync(topic ?? Options.Topic, message);
    }

    public static (string, string)[] EventHeaders => [("ce_specversion", "1.0"), ("ce_type", "catalog.v1.product.created"), ("content-type", "application/protobuf")];

    /// <summary>Commits offsets as the projectors would. A broker's first group takes it some seconds.</summary>
    public async Task PassAsync(params IEnumerable<(int Partition, long Offset)> offsets)
    {
        var group = new ConsumerGroupTopicPartitionOffsets(Options.Group, [.. offsets.Select(o => new TopicPartitionOffset(Options.Topic, o.Partition, o.Offset))]);
        await Soon.Until(async () =>
        {
            try
            {
                await Admin.Client.AlterConsumerGroupOffsetsAsync([group]);
                return true;
            }
            catch (KafkaException)
            {
                return false;
            }
        }, "the group takes its offsets");
    }

    /// <summary>Commits everything that is in the topic.</summary>
    public async Task PassAllAsync() =>
        await PassAsync((await Admin.GetOffsetsAsync(Options.Topic, await Admin.GetPartitionsAsync(Options.Topic, default), OffsetSpec.Latest(), default)).Select(end => (end.Key, end.Value)));

    /// <summary>Everything in the topic up to its present end, partition by partition.</summary>
    public async Task<List<ConsumeResult<byte[], byte[]>>> ReadAllAsync(string? topic = null)
    {
        topic ??= Options.Topic;
        var partitions = await Admin.GetPartitionsAsync(topic, default);
        var begins = await Admin.GetOffsetsAsync(topic, partitions, OffsetSpec.Earliest(), default);
        var ends = await Admin.GetOffsetsAsync(topic, partitions, OffsetSpec.Latest(), default);
        var all = new List<ConsumeResult<byte[], byte[]>>();
        using var consumer = Clients.Consumer("test", Options.Topic + "-reader", null, _ => { });
        foreach (var p in partitions.Order())
        {
            if (begins[p] == ends[p]) continue;
            consumer.Assign(new TopicPartitionOffset(topic, p, begins[p]));
            while (all.Count(m => m.Partition == p) < ends[p] - begins[p]) all.Add(consumer.Consume(TimeSpan.FromSeconds(10)) ?? throw new TimeoutException("The topic has fewer messages than it says."));
        }
        return all;
    }

    public async ValueTask DisposeAsync()
    {
        if (_made) await RemoveAsync();
        Admin.Dispose();
    }

    private async Task RemoveAsync()
    {
        try
        {
            await Admin.Client.DeleteTopicsAsync([Options.Topic, Options.DeadLetterTopic], new DeleteTopicsOptions { RequestTimeout = TimeSpan.FromSeconds(3) });
        }
        catch (KafkaException) { }
        foreach (var group in new[] { Options.Group, Options.ReplayGroup })
        {
            try
            {
                await Admin.Client.DeleteGroupsAsync([group], new DeleteGroupsOptions { RequestTimeout = TimeSpan.FromSeconds(3) });
            }
            catch (KafkaException) { }
        }
    }
}

/// <summary>What a session reported.</summary>
internal sealed class PublishReports
{
    private readonly List<PublishReport> _all = [];

    public IReadOnlyList<PublishReport> All
    {
        get
        {
            lock (_all) return [.. _all];
        }
    }

    public int Count
    {
        get
        {
            lock (_all) return _all.Count;
        }
    }

    public void Add(PublishReport report)
    {
        lock (_all) _all.Add(report);
    }
}

/// <summary>Waiting for something to become so.</summary>
internal static class Soon
{
    public static Task Until(Func<bool> condition, string what, int seconds = 40) => Until(() => Task.FromResult(condition()), what, seconds);

    public static async Task Until(Func<Task<bool>> condition, string what, int seconds = 40)
    {
        var deadline = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(deadline) > TimeSpan.FromSeconds(seconds)) Assert.Fail($"Not within {seconds} seconds: {what}");
            await Task.Delay(10);
        }
    }
}
