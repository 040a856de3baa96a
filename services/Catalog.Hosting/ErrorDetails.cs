using System.Text.Json;
using System.Text.Json.Nodes;
using Catalog.V1;
using Google.Protobuf;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Catalog.Hosting;

/// <summary>
/// Gives details to the errors that arise before a service is reached, in the framework: a message that is too large, a body that is no JSON. A client
/// then deals with one kind of error only.
/// </summary>
internal sealed class ErrorDetails(RequestDelegate next)
{
    private const string StatusHeader = "grpc-status", MessageHeader = "grpc-message", DetailsHeader = "grpc-status-details-bin";

    public Task InvokeAsync(HttpContext http) =>
        http.Request.ContentType?.StartsWith("application/grpc", StringComparison.Ordinal) == true ? GrpcAsync(http)
        : http.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>() is not null ? RestAsync(http)
        : next(http);

    private async Task GrpcAsync(HttpContext http)
    {
        await next(http);
        var headers = http.Features.Get<IHttpResponseTrailersFeature>()?.Trailers is { } trailers && trailers.ContainsKey(StatusHeader) ? trailers : http.Response.Headers;
        if (headers.IsReadOnly || headers.ContainsKey(DetailsHeader) || !int.TryParse(headers[StatusHeader], out var code)) return;
        if (Status((StatusCode)code, Uri.UnescapeDataString(headers[MessageHeader].ToString())) is { } status)
            headers[DetailsHeader] = Convert.ToBase64String(status.ToByteArray()).TrimEnd('=');
    }

    private async Task RestAsync(HttpContext http)
    {
        http.Request.EnableBuffering();
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
        if (JsonNode.Parse(answer) is { } error && error["details"] is JsonArray { Count: 0 }
            && Status((StatusCode)error["code"]!.GetValue<int>(), await ExplainAsync(http, error["message"]!.GetValue<string>())) is { } status)
            answer = System.Text.Encoding.UTF8.GetBytes(JsonNode.Parse(Json.Format(status))!.ToJsonString());
        await client.Stream.WriteAsync(answer);
    }

    private static readonly JsonFormatter Json = new(JsonFormatter.Settings.Default.WithFormatDefaultValues(true)
        .WithTypeRegistry(Google.Protobuf.Reflection.TypeRegistry.FromFiles(Google.Rpc.ErrorDetailsReflection.Descriptor)));

    private static Google.Rpc.Status? Status(StatusCode code, string message) => code switch
    {
        StatusCode.InvalidArgument => CatalogError.Invalid("body", message),
        StatusCode.ResourceExhausted => CatalogError.Of(code, ErrorReason.MessageTooLarge, $"{message.TrimEnd('.')}: a call takes at most 4 MiB. Send less at once."),
        StatusCode.Internal or StatusCode.Unknown => CatalogError.Of(code, ErrorReason.Internal, message),
        _ => null,
    };

    /// <summary>Where a body is not the JSON that it should be; the framework says only that it is not.</summary>
    private static async Task<string> ExplainAsync(HttpContext http, string message)
    {
        if (http.Request.Body.CanSeek) http.Request.Body.Position = 0;
        try
        {
            using var _ = await JsonDocument.ParseAsync(http.Request.Body);
            return message;
        }
        catch (JsonException e)
        {
            return $"The body is not JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}.";
        }
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
