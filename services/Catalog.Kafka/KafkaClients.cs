using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Catalog.Kafka;

/// <summary>Makes the clients: what all of them share is set here, once.</summary>
internal sealed class KafkaClients(KafkaOptions options, ILoggerFactory loggers)
{
    private static readonly TimeSpan ReleaseLimit = TimeSpan.FromSeconds(10);

    public IProducer<string, byte[]> Producer(string name, Action<Error> failed, params ReadOnlySpan<(string Name, string Value)> settings)
    {
        var log = Log(name);
        return new ProducerBuilder<string, byte[]>(Config(name, [
                ("acks", "all"),
                ("enable.idempotence", "true"),
                ("compression.type", "lz4"),
                ("linger.ms", "5"),
                ("request.timeout.ms", "10000"),
                // The hash that Kafka's own clients use: whoever else looks a product up by its key finds the same partition.
                ("partitioner", "murmur2_random"),
                .. settings]))
            .SetLogHandler((_, message) => log.Write(message))
            .SetErrorHandler((_, error) =>
            {
                log.Write(error);
                failed(error);
            })
            .Build();
    }

    public IConsumer<byte[], byte[]> Consumer(string name, string group, Action<ConsumerBuilder<byte[], byte[]>>? build, Action<Error> failed, params ReadOnlySpan<(string Name, string Value)> settings)
    {
        var log = Log(name);
        var builder = new ConsumerBuilder<byte[], byte[]>(Config(name, [
                ("group.id", group),
                ("enable.auto.commit", "false"),
                ("enable.auto.offset.store", "false"),
                // Never skips a gap without a word: whoever reads decides where to begin.
                ("auto.offset.reset", "error"),
                ("allow.auto.create.topics", "false"),
                ("queued.max.messages.kbytes", "16384"),
                // How soon it fetches again after that bound was reached; a second by default, which is a stall.
                ("fetch.queue.backoff.ms", "20"),
                .. settings]))
            .SetLogHandler((_, message) => log.Write(message))
            .SetErrorHandler((_, error) =>
            {
                log.Write(error);
                failed(error);
            });
        build?.Invoke(builder);
        return builder.Build();
    }

    /// <summary>
    /// Lets a consumer go that may have met offsets that are not there. To destroy it while a broker says so locks the client up for good
    /// (https://github.com/confluentinc/librdkafka/issues/4514), so it asks for nothing any more, and the answers come in before.
    /// </summary>
    /// <returns>Completes when it is gone, or after ten seconds: one that is locked up already is left where it is.</returns>
    public static Task ReleaseAsync(IConsumer<byte[], byte[]> consumer) => WithoutWaitingForEver(async () =>
    {
        try
        {
            consumer.Unassign();
        }
        catch (KafkaException) { }
        // A broker holds an answer back for half a second at most (fetch.wait.max.ms).
        await Task.Delay(TimeSpan.FromSeconds(1));
        consumer.Dispose();
    });

    /// <summary>Lets a client go; one that is locked up is left where it is.</summary>
    public static Task ReleaseAsync(IClient client) => WithoutWaitingForEver(() =>
    {
        client.Dispose();
        return Task.CompletedTask;
    });

    private static Task WithoutWaitingForEver(Func<Task> release) => Task.WhenAny(Task.Run(release), Task.Delay(ReleaseLimit));

    public IAdminClient Admin(string name, Action<Error> failed)
    {
        var log = Log(name);
        // What it remembers of the topics' leaders is what it asks with, and a refusal does not make it look again: after a broker was killed it would be refused for a quarter of an hour.
        return new AdminClientBuilder(Config(name, [("topic.metadata.refresh.interval.ms", "5000"), ("metadata.max.age.ms", "5000")])).SetLogHandler((_, message) => log.Write(message))
            .SetErrorHandler((_, error) =>
            {
                log.Write(error);
                failed(error);
            })
            .Build();
    }

    private KafkaLog Log(string name) => new(loggers.CreateLogger($"Catalog.Kafka.{name}"), TimeProvider.System);

    /// <summary>Later settings win over earlier ones, the configuration's over the defaults; those that a guarantee rests on cannot be configured.</summary>
    private Dictionary<string, string> Config(string name, ReadOnlySpan<(string Name, string Value)> settings)
    {
        var config = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
        {
            ["bootstrap.servers"] = options.BootstrapServers,
            ["client.id"] = $"catalog-{name}",
            ["log.connection.close"] = "false",
            ["reconnect.backoff.max.ms"] = "2000",
            // How soon a broker that hangs is given up for another one; a minute by default.
            ["socket.timeout.ms"] = "12000",
            ["socket.keepalive.enable"] = "true",
        };
        foreach (var (key, value) in settings) config[key] = value;
        foreach (var (key, value) in options.Client) config[KafkaOptions.ClientName(key)] = value;
        return config;
    }
}
