namespace Catalog.Queries;

/// <summary>The limits of the read side: section <c>Queries</c> of the configuration.</summary>
public sealed class QueriesOptions
{
    /// <summary>How long a read waits for the writes of its consistency tokens.</summary>
    public TimeSpan MaxTokenWait { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How many reads may wait for their tokens at once; more are refused.</summary>
    public int MaxTokenWaiters { get; set; } = 1_000;

    /// <summary>How many searches and suggestions run at once.</summary>
    public int MaxConcurrentSearches { get; set; } = Searches(Environment.ProcessorCount, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);

    /// <summary>How many more may wait for their turn; others are refused.</summary>
    public int MaxQueuedSearches { get; set; } = 100;

    /// <summary>How many products are looked up at once; of a batch, those that are read together count.</summary>
    public int MaxConcurrentLookups { get; set; } = Lookups(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);

    /// <summary>How many more lookups may wait for their turn; others are refused.</summary>
    public int MaxQueuedLookups { get; set; } = 1_000;

    /// <summary>How many watches there may be at once; more are refused.</summary>
    public int MaxWatchers { get; set; } = 1_000;

    /// <summary>After how long without changes a watch gets a sign of life. The contract promises 15 seconds.</summary>
    public TimeSpan WatchHeartbeat { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a watcher may take to accept one message before its watch ends.</summary>
    public TimeSpan MaxWatchWrite { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>So many that the processors are busy, and that pages of the largest products fit into memory together.</summary>
    internal static int Searches(int processors, long memory) => (int)Math.Max(4, Math.Min(2 * processors, memory / (64 * 1024 * 1024)));

    /// <summary>So many that the largest products fit into memory together.</summary>
    internal static int Lookups(long memory) => (int)Math.Clamp(memory / (4 * 1024 * 1024), 32, 256);

    /// <summary>What is wrong with these values, one sentence each; empty if nothing is.</summary>
    public IEnumerable<string> Problems()
    {
        if (MaxTokenWait < TimeSpan.Zero || MaxTokenWait > TimeSpan.FromMinutes(1)) yield return "Queries:MaxTokenWait must be between 0 and 1 minute.";
        if (MaxTokenWaiters is < 1 or > 100_000) yield return "Queries:MaxTokenWaiters must be between 1 and 100,000.";
        if (MaxConcurrentSearches is < 1 or > 10_000) yield return "Queries:MaxConcurrentSearches must be between 1 and 10,000.";
        if (MaxQueuedSearches is < 0 or > 100_000) yield return "Queries:MaxQueuedSearches must be between 0 and 100,000.";
        if (MaxConcurrentLookups is < 1 or > 10_000) yield return "Queries:MaxConcurrentLookups must be between 1 and 10,000.";
        if (MaxQueuedLookups is < 0 or > 100_000) yield return "Queries:MaxQueuedLookups must be between 0 and 100,000.";
        if (MaxWatchers is < 1 or > 100_000) yield return "Queries:MaxWatchers must be between 1 and 100,000.";
        if (WatchHeartbeat < TimeSpan.FromMilliseconds(100) || WatchHeartbeat > TimeSpan.FromSeconds(15))
            yield return "Queries:WatchHeartbeat must be between 0.1 and 15 seconds.";
        if (MaxWatchWrite < TimeSpan.FromMilliseconds(100) || MaxWatchWrite > TimeSpan.FromMinutes(10))
            yield return "Queries:MaxWatchWrite must be between 0.1 seconds and 10 minutes.";
    }
}
