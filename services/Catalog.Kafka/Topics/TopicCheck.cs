using Confluent.Kafka.Admin;

namespace Catalog.Kafka.Topics;

/// <summary>Compares a topic with what it should be.</summary>
internal static class TopicCheck
{
    /// <summary>What differs, a sentence each.</summary>
    public static async Task<IReadOnlyList<string>> FindAsync(TopicAdmin admin, TopicSpecification wanted, CancellationToken cancellation)
    {
        if (await admin.DescribeAsync(wanted.Name, cancellation) is not { } found) return [$"The topic {wanted.Name} was deleted just now."];
        var findings = new List<string>();
        if (found.Partitions.Count != wanted.NumPartitions)
            findings.Add($"The topic {wanted.Name} has {found.Partitions.Count} partitions, not {wanted.NumPartitions}. Never change that in place: the events of a product would move to another partition and could be read out of order.");
        var copies = found.Partitions.Min(p => p.Replicas.Count);
        if (copies != wanted.ReplicationFactor) findings.Add($"The topic {wanted.Name} has the replication factor {copies}, not {wanted.ReplicationFactor}.");

        var resource = new ConfigResource { Type = ResourceType.Topic, Name = wanted.Name };
        var configs = (await admin.CallAsync(c => c.DescribeConfigsAsync([resource], new DescribeConfigsOptions { RequestTimeout = TimeSpan.FromSeconds(10) }), cancellation))[0].Entries;
        foreach (var (name, value) in wanted.Configs)
            if (configs.TryGetValue(name, out var entry) && entry.Value != value)
                findings.Add($"The topic {wanted.Name} has {name}={entry.Value}, not {value}{Why(name)}.");
        return findings;
    }

    private static string Why(string name) => name switch
    {
        "cleanup.policy" => ": events must not be compacted away before every reader has passed them",
        "min.insync.replicas" => ": it decides how many copies an acknowledged event has",
        "unclean.leader.election.enable" => ": a leader that lacks acknowledged events would lose them",
        "retention.ms" or "retention.bytes" => ": it decides how long a projector may be away before the index must be rebuilt",
        _ => "",
    };
}
