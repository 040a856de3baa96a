using Catalog.Internal.V1;
using Catalog.V1;
using Google.Rpc;
using Grpc.Core;

namespace Catalog.Queries.Consistency;

/// <summary>What the consistency tokens of one call ask for together: of each product the newest version that they name.</summary>
internal sealed class RequiredWrites
{
    /// <summary>How many products the tokens of one call may name.</summary>
    public const int MaxWrites = 1_000;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    // The log of each token, with the place of the first token that names it.
    private readonly Dictionary<string, int> _logs;
    private readonly string[] _productIds;
    private readonly long[] _versions;

    private RequiredWrites(Dictionary<string, int> logs, Dictionary<string, long> writes)
    {
        _logs = logs;
        _productIds = [.. writes.Keys];
        _versions = [.. writes.Values];
    }

    /// <summary>The products that are named.</summary>
    public IReadOnlyList<string> ProductIds => _productIds;

    /// <summary>Reads the tokens of a request; null if it has none, or none that can be read.</summary>
    public static RequiredWrites? Read(IReadOnlyList<string> tokens, Violations violations)
    {
        if (tokens.Count == 0) return null;
        Dictionary<string, int> logs = new(StringComparer.Ordinal);
        Dictionary<string, long> writes = new(StringComparer.Ordinal);
        for (var i = 0; i < tokens.Count; i++)
        {
            if (!OpaqueText.TryDecode(tokens[i], ConsistencyToken.Parser, out var token)
                || !token.Writes.All(write => write.Version > 0 && ProductName.IsId(write.ProductId)))
            {
                violations.Add($"consistency_tokens[{i}]", "is not a consistency token of a receipt, or was damaged on its way");
                continue;
            }
            logs.TryAdd(token.LogId, i);
            foreach (var write in token.Writes)
                writes[write.ProductId] = Math.Max(write.Version, writes.GetValueOrDefault(write.ProductId));
            if (writes.Count <= MaxWrites) continue;
            violations.Add("consistency_tokens", $"name more than {MaxWrites:N0} products");
            return null;
        }
        return logs.Count > 0 ? new RequiredWrites(logs, writes) : null;
    }

    /// <summary>Whether all tokens are of this log: versions of another mean nothing in an index that follows it.</summary>
    public bool AreOf(string logId) => _logs.Keys.All(log => string.Equals(log, logId, StringComparison.Ordinal));

    /// <summary>Refuses tokens that are of another log than the one that the index follows; none while it is not known which one comes next.</summary>
    /// <param name="logId">That log.</param>
    /// <param name="status">Which log the index that is to take its place will follow.</param>
    public void ThrowIfForeign(string logId, IndexStatus status)
    {
        foreach (var (log, index) in _logs)
        {
            if (string.Equals(log, logId, StringComparison.Ordinal)) continue;
            if (string.Equals(log, status.NextLogId, StringComparison.Ordinal))
                throw CatalogError.Retry(StatusCode.Unavailable, ErrorReason.IndexRebuilding,
                    "The database was restored from a backup, and the index that holds the writes of the consistency tokens is still being built.", RetryAfter).ToRpcException();
            if (!status.IsNextLogKnown) continue;
            var failure = new PreconditionFailure();
            failure.Violations.Add(new PreconditionFailure.Types.Violation
            {
                Type = CatalogError.Name(ErrorReason.TokenOfAnotherLog),
                Subject = $"consistency_tokens[{index}]",
                Description = "The database was restored from a backup since this token was made. Read without it.",
            });
            throw CatalogError.Of(StatusCode.FailedPrecondition, ErrorReason.TokenOfAnotherLog,
                $"consistency_tokens[{index}] is from before the database was restored, or of another catalog. Take a new one from a receipt.", failure).ToRpcException();
        }
    }

    /// <summary>Whether these versions, in the order of <see cref="ProductIds"/>, are new enough.</summary>
    public bool AreIn(IReadOnlyList<long> versions)
    {
        for (var i = 0; i < _versions.Length; i++)
            if (versions[i] < _versions[i]) return false;
        return true;
    }
}
