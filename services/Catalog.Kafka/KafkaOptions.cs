using Confluent.Kafka;

namespace Catalog.Kafka;

/// <summary>The message queue: section <c>Kafka</c> of the configuration.</summary>
public sealed class KafkaOptions
{
    // Each of them would break a guarantee, a bound, or the place of this setting.
    private static readonly Dictionary<string, string> Fixed = new(StringComparer.OrdinalIgnoreCase)
    {
        ["bootstrap.servers"] = "the servers are named by Kafka:BootstrapServers",
        ["metadata.broker.list"] = "the servers are named by Kafka:BootstrapServers",
        ["group.id"] = "the group is named by Kafka:Group",
        ["acks"] = "an event counts as published only when all in-sync replicas have it (G2)",
        ["request.required.acks"] = "an event counts as published only when all in-sync replicas have it (G2)",
        ["enable.idempotence"] = "without it events could come out of order (G3)",
        ["enable.gapless.guarantee"] = "without it events could come out of order (G3)",
        ["max.in.flight"] = "it belongs to what keeps events in order (G3)",
        ["max.in.flight.requests.per.connection"] = "it belongs to what keeps events in order (G3)",
        ["message.timeout.ms"] = "an event that timed out would be skipped (G2)",
        ["delivery.timeout.ms"] = "an event that timed out would be skipped (G2)",
        ["message.send.max.retries"] = "an event whose retries are used up would be skipped (G2)",
        ["retries"] = "an event whose retries are used up would be skipped (G2)",
        ["partitioner"] = "the events of a product must stay in one partition (G3)",
        ["transactional.id"] = "the publisher makes no transactions",
        ["queue.buffering.max.messages"] = "the bound is Kafka:MaxInFlight (G10)",
        ["queue.buffering.max.kbytes"] = "the bound is Kafka:MaxInFlightBytes (G10)",
        ["enable.auto.commit"] = "offsets are committed only after the index took the events (G2)",
        ["enable.auto.offset.store"] = "offsets are committed only after the index took the events (G2)",
        ["auto.offset.reset"] = "events would be skipped without a word (G2)",
        ["partition.assignment.strategy"] = "projectors take partitions over without stopping one another",
        ["group.protocol"] = "projectors take partitions over without stopping one another",
        ["enable.partition.eof"] = "the readers depend on it",
        ["allow.auto.create.topics"] = "topics are made by the verb topics, with the right settings",
        ["plugin.library.paths"] = "no code is loaded by configuration",
    };

    /// <summary>Where to reach the cluster: <c>host:port</c>, several with commas between them.</summary>
    public string BootstrapServers { get; set; } = "";

    /// <summary>The topic of the events.</summary>
    public string Topic { get; set; } = "catalog.product-events.v1";

    /// <summary>The consumer group of the projectors.</summary>
    public string Group { get; set; } = "catalog-projector";

    /// <summary>How many partitions the topic is made with. Never changed in place: the events of a product would move.</summary>
    public int Partitions { get; set; } = 12;

    /// <summary>On how many brokers each event is kept.</summary>
    public short ReplicationFactor { get; set; } = 3;

    /// <summary>How many of them must have an event before it counts as published.</summary>
    public short MinInSyncReplicas { get; set; } = 2;

    /// <summary>How long the topic keeps events.</summary>
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How long dead letters are kept.</summary>
    public TimeSpan DeadLetterRetention { get; set; } = TimeSpan.FromDays(365);

    /// <summary>How many events may be on their way to the broker at once.</summary>
    public int MaxInFlight { get; set; } = 10_000;

    /// <summary>How many bytes of events may be on their way to the broker at once.</summary>
    public long MaxInFlightBytes { get; set; } = 32L * 1024 * 1024;

    /// <summary>
    /// Settings of librdkafka for every client: TLS, SASL and tuning, such as <c>security.protocol</c>, <c>sasl.mechanism</c>, <c>ssl.ca.location</c>. An underscore may stand
    /// for each dot, so that environment variables can carry them: <c>Kafka__Client__security_protocol</c>.
    /// </summary>
    public Dictionary<string, string> Client { get; set; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The topic of the dead letters.</summary>
    public string DeadLetterTopic => Topic + ".dlq";

    /// <summary>The consumer group that replays them.</summary>
    public string ReplayGroup => Group + "-replay";

    /// <summary>What is wrong with these values, one sentence each; empty if nothing is. Never repeats a value of <see cref="Client"/>: it may be a secret.</summary>
    public IEnumerable<string> Problems()
    {
        if (string.IsNullOrWhiteSpace(BootstrapServers)) yield return "Kafka:BootstrapServers must name the servers, such as kafka:9092.";
        if (!IsName(Topic, 245)) yield return "Kafka:Topic must be 1 to 245 letters, digits, dots, underscores or hyphens.";
        if (!IsName(Group, 200)) yield return "Kafka:Group must be 1 to 200 letters, digits, dots, underscores or hyphens.";
        if (Partitions is < 1 or > 1_000) yield return "Kafka:Partitions must be between 1 and 1,000.";
        if (ReplicationFactor is < 1 or > 100) yield return "Kafka:ReplicationFactor must be between 1 and 100.";
        if (MinInSyncReplicas < 1 || MinInSyncReplicas > ReplicationFactor) yield return "Kafka:MinInSyncReplicas must be between 1 and Kafka:ReplicationFactor.";
        if (Retention < TimeSpan.FromHours(1)) yield return "Kafka:Retention must be at least 1 hour.";
        if (DeadLetterRetention < Retention) yield return "Kafka:DeadLetterRetention must be at least Kafka:Retention.";
        if (MaxInFlight is < 1 or > 1_000_000) yield return "Kafka:MaxInFlight must be between 1 and 1,000,000.";
        if (MaxInFlightBytes is < 1024 * 1024 or > 1024L * 1024 * 1024) yield return "Kafka:MaxInFlightBytes must be between 1 MiB and 1 GiB.";
        foreach (var name in Client.Keys.Select(ClientName))
        {
            if (name.StartsWith("dotnet.", StringComparison.OrdinalIgnoreCase)) yield return $"Kafka:Client:{name} cannot be set.";
            else if (Fixed.TryGetValue(name, out var reason)) yield return $"Kafka:Client:{name} cannot be set: {reason}.";
        }
    }

    /// <summary>What to tell whoever runs a verb while the cluster cannot be used.</summary>
    /// <param name="error">What happened.</param>
    /// <param name="servers">The setting <c>Kafka:BootstrapServers</c>.</param>
    public static string Explain(KafkaException error, string? servers) => error.Error.Code switch
    {
        ErrorCode.UnknownTopicOrPart => error.Error.Reason,
        ErrorCode.Local_Authentication or ErrorCode.Local_Ssl => $"Kafka at {servers} lets nobody in with the settings of Kafka:Client: {error.Error.Reason}",
        _ when error.Error.IsBrokerError => $"Kafka at {servers} refuses: {error.Error.Reason}",
        _ => $"Kafka at {servers} does not answer: {error.Error.Reason.TrimEnd('.')}. See whether it runs there, or name the right servers with Kafka:BootstrapServers, and repeat this.",
    };

    /// <summary>The name as librdkafka knows it.</summary>
    internal static string ClientName(string key) => key.Equals("log_level", StringComparison.OrdinalIgnoreCase) ? key : key.Replace('_', '.');

    private static bool IsName(string name, int longest) =>
        name.Length > 0 && name.Length <= longest && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-') && name is not ("." or "..");
}
