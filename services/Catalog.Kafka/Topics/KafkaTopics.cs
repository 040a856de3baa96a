using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Logging;

namespace Catalog.Kafka.Topics;

/// <summary>The verb <c>topics</c>: makes the topics that are missing, and checks those that are there. May be run at any time, also twice at once.</summary>
public sealed partial class KafkaTopics : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly KafkaOptions _options;
    private readonly TopicAdmin _admin;
    private readonly ILogger<KafkaTopics> _logger;

    /// <summary>For the cluster that the options name.</summary>
    public KafkaTopics(KafkaOptions options, ILoggerFactory loggers)
    {
        _options = options;
        _admin = new TopicAdmin(new KafkaClients(options, loggers), TimeProvider.System);
        _logger = loggers.CreateLogger<KafkaTopics>();
    }

    /// <summary>Makes what is missing, and returns what is wrong with the rest: a sentence each, empty if nothing is.</summary>
    /// <exception cref="TopicsException">A topic cannot be made, or the cluster cannot be reached; the message says what to do.</exception>
    public async Task<IReadOnlyList<string>> EnsureAsync(CancellationToken cancellation)
    {
        try
        {
            var brokers = (await _admin.CallAsync(c => c.DescribeClusterAsync(new DescribeClusterOptions { RequestTimeout = Limit }), cancellation)).Nodes.Count;
            foreach (var wanted in Wanted(_options))
                if (await _admin.DescribeAsync(wanted.Name, cancellation) is null) await CreateAsync(wanted, brokers, cancellation);
            var findings = await CheckAsync(_admin, _options, cancellation);
            if (brokers < _options.ReplicationFactor) findings.Add($"There are {brokers} brokers; Kafka:ReplicationFactor {_options.ReplicationFactor} needs as many.");
            foreach (var finding in findings) Found(_logger, finding);
            return findings;
        }
        catch (KafkaException e)
        {
            throw new TopicsException(KafkaOptions.Explain(e, _options.BootstrapServers), e);
        }
    }

    /// <summary>What is wrong with the topics: a sentence each.</summary>
    internal static async Task<List<string>> CheckAsync(TopicAdmin admin, KafkaOptions options, CancellationToken cancellation)
    {
        var findings = new List<string>();
        foreach (var wanted in Wanted(options)) findings.AddRange(await TopicCheck.FindAsync(admin, wanted, cancellation));
        if (options.ReplicationFactor == 1) findings.Add("Kafka:ReplicationFactor is 1: events that are not in the index yet are lost with the disk of a broker.");
        else if (options.MinInSyncReplicas == options.ReplicationFactor) findings.Add("Kafka:MinInSyncReplicas equals Kafka:ReplicationFactor: nothing is published while any broker is away.");
        return findings;
    }

    private async Task CreateAsync(TopicSpecification wanted, int brokers, CancellationToken cancellation)
    {
        if (brokers < wanted.ReplicationFactor)
            throw new TopicsException(
                $"The topic {wanted.Name} cannot be made: Kafka:ReplicationFactor is {wanted.ReplicationFactor}, and the cluster has {brokers} broker{(brokers == 1 ? "" : "s")}. "
                + "Add brokers, or set Kafka:ReplicationFactor and Kafka:MinInSyncReplicas to what there is.");
        try
        {
            await _admin.CallAsync(
                async c =>
                {
                    await c.CreateTopicsAsync([wanted], new CreateTopicsOptions { RequestTimeout = Limit, OperationTimeout = Limit });
                    return true;
                }, cancellation);
            Created(_logger, wanted.Name, wanted.NumPartitions, wanted.ReplicationFactor);
        }
        catch (CreateTopicsException e) when (e.Results is [{ Error.Code: ErrorCode.TopicAlreadyExists }]) { }
        catch (CreateTopicsException e)
        {
            throw new TopicsException($"The topic {wanted.Name} cannot be made: {e.Results[0].Error.Reason}", e);
        }
        // Made is not yet known everywhere.
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Limit);
        try
        {
            while (await _admin.DescribeAsync(wanted.Name, limit.Token) is not { } made || made.Partitions.Any(p => p.Leader is null)) await Task.Delay(100, limit.Token);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new TopicsException($"The topic {wanted.Name} was made, but after {Limit.TotalSeconds:0} s some of its partitions have no leader. See that all brokers run, then run \"topics\" again.", e);
        }
    }

    private static TopicSpecification[] Wanted(KafkaOptions options)
    {
        var deadLetters = Configs(options, options.DeadLetterRetention);
        deadLetters["max.message.bytes"] = $"{Projecting.DeadLetterTopic.MaxBytes}";
        return
        [
            new() { Name = options.Topic, NumPartitions = options.Partitions, ReplicationFactor = options.ReplicationFactor, Configs = Configs(options, options.Retention) },
            new() { Name = options.DeadLetterTopic, NumPartitions = 1, ReplicationFactor = options.ReplicationFactor, Configs = deadLetters },
        ];
    }

    private static Dictionary<string, string> Configs(KafkaOptions options, TimeSpan retention) => new(StringComparer.Ordinal)
    {
        ["cleanup.policy"] = "delete",
        ["retention.ms"] = retention.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture),
        ["retention.bytes"] = "-1",
        ["min.insync.replicas"] = $"{options.MinInSyncReplicas}",
        // A leader that lacks acknowledged events would lose them (G2).
        ["unclean.leader.election.enable"] = "false",
    };

    /// <inheritdoc />
    public void Dispose() => _admin.Dispose();

    [LoggerMessage(1, LogLevel.Information, "Made the topic {Topic}: {Partitions} partitions, replication factor {ReplicationFactor}")]
    private static partial void Created(ILogger logger, string topic, int partitions, short replicationFactor);

    [LoggerMessage(2, LogLevel.Warning, "{Finding}")]
    private static partial void Found(ILogger logger, string finding);
}

/// <summary>The topics are not as they must be; the message is for people.</summary>
public sealed class TopicsException(string message, Exception? inner = null) : Exception(message, inner);
