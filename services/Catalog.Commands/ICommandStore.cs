using Catalog.V1;
using Google.Protobuf.WellKnownTypes;
using Status = Google.Rpc.Status;

namespace Catalog.Commands;

/// <summary>
/// The command database: state, event log and receipts, written together (G1). Adapters: SQLite, SQL Server.
/// </summary>
/// <remarks>
/// For each command: look up its <see cref="RequestKey"/>; load the product; decide; append state, event and receipt in one transaction. Where another
/// writer was first, all of it is done again. Failures of the store are <see cref="CommandStoreException"/>s and say nothing about whether the command was committed.
/// </remarks>
public interface ICommandStore
{
    /// <summary>How many bytes the commands may have that wait; beyond it more are refused, as beyond a number of them (G10).</summary>
    internal const long MaxWaitingBytes = 64 << 20;

    /// <summary>Runs one command.</summary>
    Task<CommandOutcome> ExecuteAsync(ProductCommand command);

    /// <summary>
    /// Runs commands in order, each by itself: a refusal or failure of one leaves the others alone. The results stand in the same order.
    /// </summary>
    Task<IReadOnlyList<CommandOutcome>> ExecuteAllAsync(IReadOnlyList<ProductCommand> commands);
}

/// <summary>A command as the store runs it.</summary>
public sealed class ProductCommand
{
    /// <summary>The id of the product; null if <see cref="Sku"/> says which one is meant.</summary>
    public required string? ProductId { get; init; }

    /// <summary>The SKU of the product where the id is not given: that of an upsert by SKU. Not found, the product is new and gets <see cref="NewProductId"/>.</summary>
    public string? Sku { get; init; }

    /// <summary>The id of the product that an upsert by SKU creates.</summary>
    public string? NewProductId { get; init; }

    /// <summary>Under what the receipt is kept; null keeps none.</summary>
    public required RequestKey? Request { get; init; }

    /// <summary>
    /// Decides: product as it is (null if there never was one) and its id → decision. Pure; runs again after a conflict.
    /// </summary>
    public required Func<Product?, string, Decision> Decide { get; init; }

    /// <summary>How many bytes the command takes while it waits, about: those of its request.</summary>
    public int Size { get; init; }

    /// <summary>W3C trace context of the call, kept with the event.</summary>
    public string? TraceParent { get; init; }

    /// <summary>A command that has not begun when this fires is not run: the outcome is a cancellation.</summary>
    public CancellationToken Cancellation { get; init; }
}

/// <summary>The unique key of a receipt (G4).</summary>
/// <param name="Caller">Who sent the command; empty for anonymous callers, who share one name space.</param>
/// <param name="Id">The request id: the client's, or one that the service made.</param>
/// <param name="Content">A hash of method and fields; empty where the id is the service's own.</param>
public sealed record RequestKey(string Caller, string Id, byte[] Content);

/// <summary>What became of a command.</summary>
public abstract record CommandOutcome
{
    private CommandOutcome() { }

    /// <summary>It is on disk.</summary>
    /// <param name="ProductId">The product.</param>
    /// <param name="Version">Its version after the command.</param>
    /// <param name="Etag">Its etag after the command.</param>
    /// <param name="CommitTime">When.</param>
    /// <param name="LogId">The event log that the version belongs to.</param>
    /// <param name="Changed">Whether this execution made an event: false where nothing was to change, and where the receipt was there already.</param>
    public sealed record Committed(string ProductId, long Version, string Etag, Timestamp CommitTime, string LogId, bool Changed) : CommandOutcome;

    /// <summary>Nothing was written.</summary>
    public sealed record Refused(Status Error) : CommandOutcome;

    /// <summary>The caller gave up before it began; nothing was written.</summary>
    public sealed record Cancelled : CommandOutcome;

    /// <summary>The store failed; repeat with the same request id.</summary>
    public sealed record Failed(CommandStoreException Error) : CommandOutcome;
}

/// <summary>The command database failed.</summary>
/// <param name="reason"><see cref="ErrorReason.StoreUnavailable"/>, or <see cref="ErrorReason.Overloaded"/> where nothing was begun.</param>
/// <param name="message">What happened and what to do, for people.</param>
/// <param name="inner">The cause.</param>
public sealed class CommandStoreException(ErrorReason reason, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The reason for the client.</summary>
    public ErrorReason Reason { get; } = reason;
}
