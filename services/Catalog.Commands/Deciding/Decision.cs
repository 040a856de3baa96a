using Catalog.V1;
using Google.Protobuf.WellKnownTypes;
using Status = Google.Rpc.Status;

namespace Catalog.Commands;

/// <summary>What a command comes to, given the product as it is.</summary>
public abstract record Decision
{
    private Decision() { }

    /// <summary>Something happened: the event, which holds the product as it is afterwards.</summary>
    public sealed record Accepted(ProductEvent Event) : Decision;

    /// <summary>The product is already as the command wants it.</summary>
    public sealed record Unchanged(Product Product) : Decision;

    /// <summary>The command is against the rules.</summary>
    public sealed record Refused(Status Error) : Decision;
}

/// <summary>What a decision needs to know besides the product and the command.</summary>
/// <param name="ProductId">The id of the product that the command is about.</param>
/// <param name="EventId">The id of the event, if there will be one.</param>
/// <param name="Time">Now.</param>
/// <param name="Actor">Who sent the command; empty for an anonymous caller.</param>
public readonly record struct Moment(string ProductId, string EventId, Timestamp Time, string Actor);
