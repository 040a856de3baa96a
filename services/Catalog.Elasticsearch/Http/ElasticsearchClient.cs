using System.Net.Http.Headers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Catalog.Queries;
using Catalog.V1;
using Polly.Timeout;

namespace Catalog.Elasticsearch.Http;

/// <summary>
/// The calls of Elasticsearch's REST API that the catalog needs. Failures: <see cref="IndexUnavailableException"/> where it cannot answer now,
/// <see cref="ElasticsearchException"/> where it refuses.
/// </summary>
internal sealed partial class ElasticsearchClient
{
    /// <summary>How JSON is written: it goes to no browser, and its shape is right by how it is made.</summary>
    public static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private static readonly MediaTypeHeaderValue JsonType = new("application/json");

    private readonly IHttpClientFactory _clients;

    public ElasticsearchClient(IHttpClientFactory clients)
    {
        _clients = clients;
        // What they are made of is made now, so that it is there until the last of those who use it are disposed of.
        foreach (var name in (string[])[Connection.Reads, Connection.Writes]) clients.CreateClient(name).Dispose();
    }

    private Task<T> ReadAsync<T>(HttpMethod method, string path, Action<Utf8JsonWriter>? body, JsonTypeInfo<T> type, CancellationToken cancellation) =>
        SendAsync(Connection.Reads, method, path, body, type, cancellation)!;

    private Task<T> ChangeAsync<T>(HttpMethod method, string path, Action<Utf8JsonWriter>? body, JsonTypeInfo<T> type, CancellationToken cancellation) =>
        SendAsync(Connection.Writes, method, path, body, type, cancellation)!;

    private Task ChangeAsync(HttpMethod method, string path, Action<Utf8JsonWriter>? body, CancellationToken cancellation) =>
        SendAsync<object>(Connection.Writes, method, path, body, type: null, cancellation);

    private async Task<T?> SendAsync<T>(
        string client, HttpMethod method, string path, Action<Utf8JsonWriter>? body, JsonTypeInfo<T>? type, CancellationToken cancellation, long limit = int.MaxValue)
    {
        if (body is null) return await SendAsync(client, method, path, ReadOnlyMemory<byte>.Empty, type, cancellation);
        var buffer = new PooledBuffer();
        await using (var json = new Utf8JsonWriter(buffer, Json)) body(json);
        var answer = await SendAsync(client, method, path, buffer.Written, type, cancellation, limit);
        buffer.Return();
        return answer;
    }

    private async Task<T?> SendAsync<T>(
        string client, HttpMethod method, string path, ReadOnlyMemory<byte> body, JsonTypeInfo<T>? type, CancellationToken cancellation, long limit = int.MaxValue)
    {
        try
        {
            using var request = NodeHandler.Request(method, path, cancellation, limit);
            if (body.Length > 0) request.Content = new ReadOnlyMemoryContent(body) { Headers = { ContentType = JsonType } };
            using var response = await _clients.CreateClient(client).SendAsync(request, cancellation);
            await using var answer = await response.Content.ReadAsStreamAsync(cancellation);
            if (!response.IsSuccessStatusCode) throw Failure(response, answer);
            return type is null ? default : JsonSerializer.Deserialize(answer, type);
        }
        catch (HttpRequestException e)
        {
            throw new IndexUnavailableException(ErrorReason.IndexUnavailable, "Elasticsearch cannot be reached.", inner: e);
        }
        catch (TimeoutRejectedException e)
        {
            throw new IndexUnavailableException(ErrorReason.IndexUnavailable, "Elasticsearch did not answer in time.", inner: e);
        }
        catch (JsonException e)
        {
            throw new IndexUnavailableException(ErrorReason.IndexUnavailable, "What answers in the place of Elasticsearch is something else.", inner: e);
        }
    }

    private static Exception Failure(HttpResponseMessage response, Stream answer)
    {
        var status = (int)response.StatusCode;
        var refusal = new ElasticsearchException(status, Cause(answer));
        // What is below 500 is our own doing, but for what the operators do: credentials and a server that is too busy.
        if (status is < 500 and not (401 or 403 or 429)) return refusal;
        return new IndexUnavailableException(ErrorReason.IndexUnavailable, $"Elasticsearch answered {status}.", Connection.RetryAfter(response), refusal);
    }

    private static IndexUnavailableException Unavailable(ErrorCause cause) =>
        new(ErrorReason.IndexUnavailable, "A part of the index cannot answer now.", inner: new ElasticsearchException(503, cause));

    private static ErrorCause? Cause(Stream answer)
    {
        try
        {
            using var json = JsonDocument.Parse(answer);
            return json.RootElement.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object
                ? error.Deserialize(AnswerContext.Default.ErrorCause)
                : new ErrorCause(error.ValueKind == JsonValueKind.String ? error.GetString() : null, null);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
