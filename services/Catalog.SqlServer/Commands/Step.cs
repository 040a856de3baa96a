using Catalog.Commands;
using Catalog.SqlServer.Sql;

namespace Catalog.SqlServer.Commands;

/// <summary>What is to be done for a command.</summary>
/// <param name="Outcome">What becomes of it, once <paramref name="Write"/> is committed.</param>
/// <param name="Write">What is to be written; null if nothing is.</param>
/// <param name="Sku">The SKU that the product has then.</param>
internal sealed record Step(CommandOutcome Outcome, Call? Write = null, string Sku = "")
{
    /// <summary>The outcome after a commit in the log of this id.</summary>
    public CommandOutcome CommittedIn(string logId) => Outcome is CommandOutcome.Committed committed ? committed with { LogId = logId } : Outcome;
}
