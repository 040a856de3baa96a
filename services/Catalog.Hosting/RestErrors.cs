using System.Text;
using System.Text.Json.Nodes;
using Catalog.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Catalog.Hosting;

/// <summary>The same for REST: the body of an error is held back until it has its details, and the body of a request is held to the size of a call.</summary>
internal static class RestErrors
{
    private static readonly JsonFormatter Json = new(JsonFormatter.Settings.Default.WithFormatDefaultValues(true)
        .WithTypeRegistry(TypeRegistry.FromFiles(Google.Rpc.ErrorDetailsReflection.Descriptor)));

    public static async Task InvokeAsync(HttpContext http, RequestDelegate next)
    {
        if (!await ReadAsync(http.Request))
        {
            await WriteAsync(http.Response, StatusCodes.Status413PayloadTooLarge, ErrorDetails.TooLarge("The body is too large"), http.Response.Body);
            return;
        }
        // The framework would answer in the encoding of the request.
        if (RestViolations.IsOfAnotherType(http))
        {
            await WriteAsync(http.Response, StatusCodes.Status400BadRequest, CatalogError.Invalid(RestViolations.Of(http)), http.Response.Body);
            return;
        }
        RestMasks.Keep(http);
        var client = http.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        var errors = new ErrorStream(http.Response, client.Stream);
        var body = new StreamResponseBodyFeature(errors, client);
        http.Features.Set<IHttpResponseBodyFeature>(body);
        try
        {
            await next(http);
            await body.CompleteAsync();
        }
        finally
        {
            http.Features.Set(client);
        }
        if (errors.Captured is not { } answer) return;
        if (JsonNode.Parse(answer) is not { } error || error["details"] is not JsonArray { Count: 0 }) await client.Stream.WriteAsync(answer);
        else if (Explain(http, (StatusCode)error["code"]!.GetValue<int>(), error["message"]!.GetValue<string>()) is not { } status) await client.Stream.WriteAsync(answer);
        else await WriteAsync(http.Response, HttpStatusOf(status) ?? http.Response.StatusCode, status, client.Stream);
    }

    /// <summary>Takes in the body, which is then known to be no larger than a call may be; false if it is.</summary>
    private static async Task<bool> ReadAsync(HttpRequest request)
    {
        if (request.ContentLength > CatalogHost.MaxMessageBytes) return false;
        request.EnableBuffering(CatalogHost.MaxMessageBytes, CatalogHost.MaxMessageBytes);
        try
        {
            await request.Body.CopyToAsync(Stream.Null, request.HttpContext.RequestAborted);
            request.Body.Position = 0;
            return true;
        }
        // So the buffer says that it is full; a body that breaks off or is no HTTP is another kind of exception.
        catch (IOException full) when (full is not BadHttpRequestException && full.GetType() == typeof(IOException))
        {
            return false;
        }
    }

    private static int? HttpStatusOf(Google.Rpc.Status status) => (StatusCode)status.Code switch
    {
        StatusCode.InvalidArgument => StatusCodes.Status400BadRequest,
        // Of the framework's own errors only a message that is too large is one; what is worth a repetition is 429.
        StatusCode.ResourceExhausted => StatusCodes.Status413PayloadTooLarge,
        _ => null,
    };

    private static Google.Rpc.Status? Explain(HttpContext http, StatusCode code, string message)
    {
        var status = ErrorDetails.Explain(code, message, "request");
        return status?.Code == (int)StatusCode.InvalidArgument ? CatalogError.Invalid(RestViolations.Of(http)) : status;
    }

    /// <summary>Writes an error as the body of an answer.</summary>
    public static ValueTask WriteAsync(HttpResponse response, int code, Google.Rpc.Status status, Stream body)
    {
        response.StatusCode = code;
        response.ContentType = "application/json; charset=utf-8";
        return body.WriteAsync(Encoding.UTF8.GetBytes(JsonNode.Parse(Json.Format(status))!.ToJsonString()));
    }

    /// <summary>Hands on what is written, and holds back the body of an error.</summary>
    private sealed class ErrorStream(HttpResponse response, Stream inner) : Stream
    {
        private MemoryStream? _captured;

        public byte[]? Captured => _captured?.ToArray();

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Flush() { }

        public override Task FlushAsync(CancellationToken cancellationToken) => response.StatusCode < 400 ? inner.FlushAsync(cancellationToken) : Task.CompletedTask;

        public override void Write(byte[] buffer, int offset, int count) => (_captured ??= new MemoryStream()).Write(buffer, offset, count);

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (response.StatusCode < 400) return inner.WriteAsync(buffer, cancellationToken);
            (_captured ??= new MemoryStream()).Write(buffer.Span);
            return ValueTask.CompletedTask;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
