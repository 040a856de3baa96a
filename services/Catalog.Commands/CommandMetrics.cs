using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Catalog.Commands;

/// <summary>What the write side measures, on the meter <c>Catalog.Commands</c>.</summary>
public sealed class CommandMetrics : IDisposable
{
    /// <summary>The name of the meter.</summary>
    public const string Name = "Catalog.Commands";

    private readonly Meter _meter = new(Name);
    private readonly Counter<long> _commands;
    private readonly Counter<long> _groups;
    private readonly Histogram<int> _groupSize;

    /// <summary>Creates the instruments.</summary>
    public CommandMetrics()
    {
        _commands = _meter.CreateCounter<long>("catalog.commands", description: "Commands by outcome: committed, unchanged, refused, cancelled, failed.");
        _groups = _meter.CreateCounter<long>("catalog.commands.groups", description: "Transactions that committed a group of commands; each costs one sync of the disk.");
        _groupSize = _meter.CreateHistogram<int>("catalog.commands.group_size", description: "Commands that shared a transaction.",
            advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512] });
    }

    /// <summary>Counts the outcome of a command.</summary>
    public void Count(CommandOutcome outcome) => _commands.Add(1, new KeyValuePair<string, object?>("outcome", outcome switch
    {
        CommandOutcome.Committed { Changed: true } => "committed",
        CommandOutcome.Committed => "unchanged",
        CommandOutcome.Refused => "refused",
        CommandOutcome.Cancelled => "cancelled",
        _ => "failed",
    }));

    /// <summary>Counts a committed group.</summary>
    public void CountGroup(int size)
    {
        _groups.Add(1);
        _groupSize.Record(size);
    }

    /// <inheritdoc />
    public void Dispose() => _meter.Dispose();
}
