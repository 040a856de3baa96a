using Catalog.V1;
using Google.Protobuf;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Catalog.Hosting;

/// <summary>
/// Gives details to the errors that arise before a service is reached, in the framework: a message that is too large, bytes that are no message. A client
/// then deals with one kind of error only.
/// </summary>
internal sealed class ErrorDetails(RequestDelegate next)
{
    private readonly RestPaths _paths = new();

    private const string StatusHeader = "grpc-status", MessageHeader = "grpc-message", DetailsHeader = "grpc-status-details-bin";

    public Task InvokeAsync(HttpContext http)
    {
        if (http.Request.ContentType?.StartsWith("application/grpc", StringComparison.Ordinal) == true) return GrpcAsync(http);
        if (http.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>() is not null)
        {
            if (_paths.Takes(http)) return RestErrors.InvokeAsync(http, next);
            http.SetEndpoint(null);
        }
        return OtherAsync(http);
    }

    /// <summary>An error of the framework as one of the contract; null where it needs no details.</summary>
    public static Google.Rpc.Status? Explain(StatusCode code, string message, string field) => code switch
    {
        StatusCode.InvalidArgument => CatalogError.Invalid(field, message),
        StatusCode.ResourceExhausted => TooLarge(message),
        // What a service throws has details, by the interceptor. What has none is a request that could not be read, and its sender is to blame.
        StatusCode.Internal => CatalogError.Invalid(field, message),
        StatusCode.Unknown => CatalogError.Invalid(field, Unreadable),
        _ => null,
    };

    /// <summary>What is wrong with bytes that are no message.</summary>
    public const string Unreadable = "cannot be read as the message that this call takes";

    /// <summary>RESOURCE_EXHAUSTED: the message is larger than a call may be.</summary>
    public static Google.Rpc.Status TooLarge(string message) =>
        CatalogError.Of(StatusCode.ResourceExhausted, ErrorReason.MessageTooLarge, $"{message.TrimEnd('.')}: a call takes at most 4 MiB. Send less at once.");

    /// <summary>A path that is not there, or not with this verb, is answered like every other error: by a body.</summary>
    private async Task OtherAsync(HttpContext http)
    {
        await next(http);
        if (http.Response.HasStarted) return;
        if (http.Response.StatusCode is StatusCodes.Status404NotFound or StatusCodes.Status405MethodNotAllowed && _paths.VerbsOf(http) is { Length: > 0 } verbs)
        {
            http.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            http.Response.Headers.Allow = string.Join(", ", verbs);
        }
        var message = http.Response.StatusCode switch
        {
            StatusCodes.Status404NotFound => "The catalog has no such method. All of them stand in protos/catalog/v1, with their paths.",
            StatusCodes.Status405MethodNotAllowed => "This path does not take this HTTP method. The header Allow names those that it takes.",
            _ => null,
        };
        // To gRPC a method that is not there is UNIMPLEMENTED: NOT_FOUND is for products.
        if (message is not null) await RestErrors.WriteAsync(http.Response, http.Response.StatusCode, new() { Code = (int)StatusCode.Unimplemented, Message = message }, http.Response.Body);
    }

    private async Task GrpcAsync(HttpContext http)
    {
        await next(http);
        var headers = http.Features.Get<IHttpResponseTrailersFeature>()?.Trailers is { } trailers && trailers.ContainsKey(StatusHeader) ? trailers : http.Response.Headers;
        if (headers.IsReadOnly || headers.ContainsKey(DetailsHeader) || !int.TryParse(headers[StatusHeader], out var code)) return;
        if (Explain((StatusCode)code, Uri.UnescapeDataString(headers[MessageHeader].ToString()), "request") is not { } status) return;
        headers[StatusHeader] = status.Code.ToString();
        headers[MessageHeader] = Uri.EscapeDataString(status.Message);
        headers[DetailsHeader] = Convert.ToBase64String(status.ToByteArray()).TrimEnd('=');
    }
}
