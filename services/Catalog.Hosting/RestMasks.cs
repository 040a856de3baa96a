using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Catalog.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Grpc.JsonTranscoding;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Catalog.Hosting;

/// <summary>
/// Update masks of REST as they were written. JSON has them in camelCase, and who reads it makes <c>max_pressure</c> of <c>maxPressure</c>: right for the fields of a message, and
/// another attribute where it is the key of one.
/// </summary>
internal static partial class RestMasks
{
    // {"commands":[{"update":{"updateMask":…
    private const int DepthInBatch = 4;
    private const string OriginalPath = "x-envoy-original-path";

    private static readonly object Kept = new();

    /// <summary>Takes the masks out of the body of a batch, before the framework reads it: each becomes its number.</summary>
    public static void Keep(HttpContext http)
    {
        if (http.GetEndpoint()?.Metadata.GetMetadata<GrpcJsonTranscodingMetadata>()?.MethodDescriptor.InputType != BatchWriteProductsRequest.Descriptor) return;
        var body = new byte[http.Request.Body.Length];
        http.Request.Body.ReadExactly(body);
        http.Request.Body.Position = 0;
        var (masks, numbered, copied) = (new List<string>(), new MemoryStream(body.Length), 0);
        try
        {
            var json = new Utf8JsonReader(body);
            while (json.Read())
            {
                if (json.TokenType != JsonTokenType.PropertyName || json.CurrentDepth != DepthInBatch || !(json.ValueTextEquals("updateMask"u8) || json.ValueTextEquals("update_mask"u8))) continue;
                if (!json.Read() || json.TokenType != JsonTokenType.String) continue;
                numbered.Write(body, copied, (int)json.TokenStartIndex - copied);
                numbered.Write(Encoding.ASCII.GetBytes($"\"{masks.Count}\""));
                copied = (int)json.BytesConsumed;
                masks.Add(json.GetString()!);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The framework says so, too.
            return;
        }
        numbered.Write(body, copied, body.Length - copied);
        numbered.Position = 0;
        http.Request.Body = numbered;
        http.Items[Kept] = masks;
    }

    /// <summary>Puts the masks of a request as it came by REST in the place of what was made of them; does nothing to one that came by gRPC.</summary>
    /// <exception cref="RpcException">What was written is not known.</exception>
    public static void Restore(object request, ServerCallContext context)
    {
        if (request is UpdateProductRequest { UpdateMask: { } mask })
        {
            // Two are the union of both.
            if (Parameters(context.GetHttpContext()) is { } parameters && string.Join(',', parameters["updateMask"].Concat(parameters["update_mask"])) is { Length: > 0 } text) Set(mask, text);
        }
        else if (request is BatchWriteProductsRequest batch && Parameters(context.GetHttpContext()) is not null)
        {
            var kept = context.GetHttpContext().Items.TryGetValue(Kept, out var masks) ? (List<string>)masks! : null;
            var violations = new Violations();
            for (var i = 0; i < batch.Commands.Count; i++)
            {
                if (batch.Commands[i].Update?.UpdateMask is not { Paths.Count: > 0 } given) continue;
                if (kept is not null) Set(given, kept[int.Parse(given.Paths[0], CultureInfo.InvariantCulture)]);
                else if (given.Paths.FirstOrDefault(p => p.StartsWith("attributes.", StringComparison.Ordinal)) is { } path)
                    violations.Add($"commands[{i}].update.update_mask", $"{Violations.Quote(path)} may have been another key, such as one in camelCase, before the gateway read it: write attributes[\"…\"] with the key as it is.");
            }
            violations.ThrowIfAny();
        }
    }

    /// <summary>The paths of a mask: commas stand between them, and may stand in a key that is quoted.</summary>
    public static IEnumerable<string> Split(string mask) => Paths().Matches(mask).Select(path => path.Groups["path"].Value).Where(path => path.Length > 0);

    private static void Set(FieldMask mask, string text)
    {
        mask.Paths.Clear();
        mask.Paths.Add(Split(text).Select(path => Product.Descriptor.Fields.InFieldNumberOrder().FirstOrDefault(f => f.JsonName == path)?.Name ?? path));
    }

    /// <summary>The parameters of a call of REST, also one that the gateway has made a call of gRPC; null for others.</summary>
    private static IQueryCollection? Parameters(HttpContext http)
    {
        if (http.Request.ContentType?.StartsWith("application/grpc", StringComparison.Ordinal) != true) return http.Request.Query;
        var path = http.Request.Headers[OriginalPath].ToString();
        return path.StartsWith("/v1/", StringComparison.Ordinal) ? new QueryCollection(QueryHelpers.ParseQuery(path.IndexOf('?', StringComparison.Ordinal) is >= 0 and var mark ? path[mark..] : "")) : null;
    }

    [GeneratedRegex("""\G(?<path>attributes\["([^"\\]|\\.)*"\]|attributes\.`[^`]*`|[^,]*)(,|$)""", RegexOptions.ExplicitCapture | RegexOptions.Singleline)]
    private static partial Regex Paths();
}
