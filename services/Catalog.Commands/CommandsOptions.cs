namespace Catalog.Commands;

/// <summary>What a process that takes commands is told about its place: section <c>Commands</c> of the configuration.</summary>
public sealed class CommandsOptions
{
    /// <summary>The header by which the gateway says who sends a command; empty if there is none. Set it only where nobody else can reach the service.</summary>
    public string ActorHeader { get; set; } = "";

    /// <summary>Whether the command service builds the index at its start if there is none.</summary>
    public bool BuildFirstIndex { get; set; }

    /// <summary>What is wrong with these values, one sentence each; empty if nothing is.</summary>
    public IEnumerable<string> Problems()
    {
        if (!ActorHeader.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')) yield return $"Commands:ActorHeader must be the name of a header, such as x-catalog-actor, not \"{ActorHeader}\".";
    }
}
