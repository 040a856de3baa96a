using System.Text.RegularExpressions;
using Microsoft.Data.SqlClient;

namespace Catalog.SqlServer;

/// <summary>Where the command database is and how much it takes on. Section <c>CommandDatabase</c>.</summary>
public sealed partial class SqlServerOptions
{
    /// <summary>How to reach it, as Microsoft.Data.SqlClient understands it. What it leaves out gets a default that suits a service.</summary>
    public string ConnectionString { get; set; } = "";

    /// <summary>The schema that holds the tables.</summary>
    public string Schema { get; set; } = "catalog";

    /// <summary>Commands that may wait at once; more are refused with OVERLOADED (G10).</summary>
    public int MaxWaiting { get; set; } = 8192;

    /// <summary>Commands that run at once, each on a connection of its own.</summary>
    public int MaxConcurrency { get; set; } = 64;

    /// <summary>How often a command is tried at most where the database fails for the moment; after 8 seconds it is not begun again.</summary>
    public int MaxAttempts { get; set; } = 6;

    /// <summary>How long events are kept after every reader has passed them.</summary>
    public TimeSpan EventRetention { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How long receipts are kept, so that a repeated command is known. At least 24 hours (G4).</summary>
    public TimeSpan ReceiptRetention { get; set; } = TimeSpan.FromHours(48);

    /// <summary>What is wrong with these values, one sentence each; empty if nothing is.</summary>
    public IEnumerable<string> Problems()
    {
        if (ConnectionString.Length == 0) yield return "CommandDatabase:ConnectionString must be set.";
        // What the driver says of it may quote a part of the password.
        else if (!TryParse(ConnectionString, out var parsed)) yield return "CommandDatabase:ConnectionString cannot be read. Values that contain ; or = or quotes must be quoted.";
        else if (parsed.DataSource.Length == 0) yield return "CommandDatabase:ConnectionString must name a Server.";
        else if (parsed.InitialCatalog.Length == 0) yield return "CommandDatabase:ConnectionString must name a Database.";
        if (!Identifier().IsMatch(Schema)) yield return "CommandDatabase:Schema must be a letter or _, followed by at most 127 letters, digits or _.";
        if (MaxWaiting is < 1 or > 1_000_000) yield return "CommandDatabase:MaxWaiting must be between 1 and 1,000,000.";
        if (MaxConcurrency is < 1 or > 1_000) yield return "CommandDatabase:MaxConcurrency must be between 1 and 1,000.";
        if (MaxAttempts is < 1 or > 100) yield return "CommandDatabase:MaxAttempts must be between 1 and 100.";
        if (EventRetention < TimeSpan.Zero) yield return "CommandDatabase:EventRetention must not be negative.";
        if (ReceiptRetention < TimeSpan.FromHours(24)) yield return "CommandDatabase:ReceiptRetention must be at least 24 hours.";
    }

    /// <summary>The connection string with defaults for what it leaves out.</summary>
    internal SqlConnectionStringBuilder Connection()
    {
        var builder = new SqlConnectionStringBuilder(ConnectionString);
        Default(nameof(builder.Encrypt), () => builder.Encrypt = SqlConnectionEncryptOption.Mandatory);
        Default("Application Name", () => builder.ApplicationName = "catalog");
        Default("Multiple Active Result Sets", () => builder.MultipleActiveResultSets = false);
        Default("Enlist", () => builder.Enlist = false);
        // The driver itself tries for that long where a server refuses connections.
        Default("Connect Timeout", () => builder.ConnectTimeout = 5);
        Default("Connect Retry Count", () => builder.ConnectRetryCount = 3);
        Default("Connect Retry Interval", () => builder.ConnectRetryInterval = 1);
        Default("Command Timeout", () => builder.CommandTimeout = 10);
        // The pool would otherwise answer for up to a minute with the error it saw last, after the server is back.
        Default("Pool Blocking Period", () => builder.PoolBlockingPeriod = PoolBlockingPeriod.NeverBlock);
        // After a failover behind a name, logins of the first moments may have reached the server that was the primary before: they do not stay with it.
        Default("Load Balance Timeout", () => builder.LoadBalanceTimeout = 300);
        // The commands, and some for the relay, readers and housekeeping.
        Default("Max Pool Size", () => builder.MaxPoolSize = MaxConcurrency + 20);
        return builder;

        void Default(string keyword, Action set)
        {
            if (!builder.ShouldSerialize(keyword)) set();
        }
    }

    private static bool TryParse(string text, out SqlConnectionStringBuilder parsed)
    {
        try
        {
            parsed = new SqlConnectionStringBuilder(text);
            return true;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or KeyNotFoundException)
        {
            parsed = new SqlConnectionStringBuilder();
            return false;
        }
    }

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]{0,127}\z")]
    private static partial Regex Identifier();
}
