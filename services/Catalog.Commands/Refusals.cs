using Catalog.V1;
using Google.Rpc;
using Grpc.Core;
using Status = Google.Rpc.Status;

namespace Catalog.Commands;

/// <summary>The refusals that only a store can find, because they concern more than one product.</summary>
public static class Refusals
{
    /// <summary>ALREADY_EXISTS: another product has the SKU.</summary>
    public static Status SkuTaken(string sku, string ownerId)
    {
        var owner = ProductName.Format(ownerId);
        return CatalogError.Of(StatusCode.AlreadyExists, ErrorReason.SkuTaken,
            $"The SKU \"{sku}\" belongs to {owner}. Choose another one, or change or delete that product.", CatalogError.Resource(owner, "It has this SKU."));
    }

    /// <summary>FAILED_PRECONDITION: the request id was used with other content.</summary>
    public static Status RequestIdReused(string requestId)
    {
        var message = $"The request_id \"{requestId}\" was used before with other content. Use a new one for a new command.";
        return CatalogError.Of(StatusCode.FailedPrecondition, ErrorReason.RequestIdReused, message, new PreconditionFailure
        {
            Violations = { new PreconditionFailure.Types.Violation { Type = CatalogError.Name(ErrorReason.RequestIdReused), Subject = requestId, Description = message } },
        });
    }

    /// <summary>RESOURCE_EXHAUSTED or UNAVAILABLE: the store failed.</summary>
    public static Status StoreFailed(CommandStoreException error) => CatalogError.Retry(
        error.Reason == ErrorReason.Overloaded ? StatusCode.ResourceExhausted : StatusCode.Unavailable, error.Reason, error.Message, TimeSpan.FromSeconds(1));
}
