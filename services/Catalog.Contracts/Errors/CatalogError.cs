using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Status = Google.Rpc.Status;

namespace Catalog.V1;

/// <summary>
/// The errors of the contract: a <see cref="Status"/> with a message for people, an <see cref="ErrorInfo"/> with a stable reason, and the details
/// that the code asks for (https://google.aip.dev/193). <see cref="RpcStatusExtensions.ToRpcException(Status)"/> throws one.
/// </summary>
public static class CatalogError
{
    /// <summary><see cref="ErrorInfo.Domain"/> of every error of the catalog.</summary>
    public const string Domain = "catalog.cqrsgrpc.dev";

    /// <summary><see cref="ResourceInfo.ResourceType"/> of a product.</summary>
    public const string ProductType = "catalog.cqrsgrpc.dev/Product";

    private static readonly EnumDescriptor Reasons = ErrorReasonReflection.Descriptor.EnumTypes[0];

    /// <summary>An error with a reason and details of the caller's choice.</summary>
    public static Status Of(StatusCode code, ErrorReason reason, string message, params ReadOnlySpan<IMessage> details)
    {
        var status = new Status { Code = (int)code, Message = message };
        status.Details.Add(Any.Pack(new ErrorInfo { Domain = Domain, Reason = Name(reason) }));
        foreach (var detail in details) status.Details.Add(Any.Pack(detail));
        return status;
    }

    /// <summary>INVALID_ARGUMENT with every violation.</summary>
    public static Status Invalid(IEnumerable<BadRequest.Types.FieldViolation> violations)
    {
        var bad = new BadRequest { FieldViolations = { violations } };
        var message = bad.FieldViolations.Count == 1
            ? $"{bad.FieldViolations[0].Field}: {bad.FieldViolations[0].Description}"
            : string.Join("; ", bad.FieldViolations.Take(5).Select(v => $"{v.Field}: {v.Description}"))
              + (bad.FieldViolations.Count > 5 ? $"; and {bad.FieldViolations.Count - 5} more" : "");
        return Of(StatusCode.InvalidArgument, ErrorReason.InvalidRequest, message, bad);
    }

    /// <summary>INVALID_ARGUMENT with one violation.</summary>
    public static Status Invalid(string field, string description) =>
        Invalid([new BadRequest.Types.FieldViolation { Field = field, Description = description }]);

    /// <summary>NOT_FOUND for a product.</summary>
    public static Status NotFound(string name) =>
        Of(StatusCode.NotFound, ErrorReason.ProductNotFound, $"There is no product \"{name}\".", Resource(name, "It was never created, or it was deleted."));

    /// <summary>An error that goes away by itself, with the time after which to repeat the call.</summary>
    public static Status Retry(StatusCode code, ErrorReason reason, string message, TimeSpan after) =>
        Of(code, reason, message, new RetryInfo { RetryDelay = Duration.FromTimeSpan(after) });

    /// <summary>The detail that names a product.</summary>
    public static ResourceInfo Resource(string name, string description) =>
        new() { ResourceType = ProductType, ResourceName = name, Description = description };

    /// <summary>The reason as <see cref="ErrorInfo.Reason"/> carries it, such as <c>SKU_TAKEN</c>.</summary>
    public static string Name(ErrorReason reason) => Reasons.FindValueByNumber((int)reason).Name["ERROR_REASON_".Length..];
}
