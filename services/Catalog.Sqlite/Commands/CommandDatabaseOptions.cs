namespace Catalog.Sqlite;

/// <summary>Where the command database is and how much it takes on. Section <c>CommandDatabase</c>.</summary>
public sealed class CommandDatabaseOptions
{
    /// <summary>The file.</summary>
    public string Path { get; set; } = "";

    /// <summary>Whether other processes write the same file. Their commits are then looked for, every 20 ms. The host decides it, not the configuration.</summary>
    public bool Shared { get; private set; }

    /// <summary>Commands that may wait at once; more are refused with OVERLOADED (G10).</summary>
    public int MaxWaiting { get; set; } = 8192;

    /// <summary>Commands that share one transaction at most.</summary>
    public int MaxGroup { get; set; } = 512;

    /// <summary>How long events are kept after every reader has passed them.</summary>
    public TimeSpan EventRetention { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How long receipts are kept, so that a repeated command is known. At least 24 hours (G4).</summary>
    public TimeSpan ReceiptRetention { get; set; } = TimeSpan.FromHours(48);

    /// <summary>Says that other processes write the same file.</summary>
    public void Share() => Shared = true;

    /// <summary>What is wrong with these values, one sentence each; empty if nothing is.</summary>
    public IEnumerable<string> Problems()
    {
        if (MaxWaiting is < 1 or > 1_000_000) yield return "CommandDatabase:MaxWaiting must be between 1 and 1,000,000.";
        if (MaxGroup is < 1 or > 10_000) yield return "CommandDatabase:MaxGroup must be between 1 and 10,000.";
        if (EventRetention < TimeSpan.Zero) yield return "CommandDatabase:EventRetention must not be negative.";
        if (ReceiptRetention < TimeSpan.FromHours(24)) yield return "CommandDatabase:ReceiptRetention must be at least 24 hours.";
    }
}
