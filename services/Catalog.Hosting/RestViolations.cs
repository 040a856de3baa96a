using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;
using Catalog.V1;
using Google.Protobuf.Reflection;
using Microsoft.AspNetCore.Grpc.JsonTranscoding;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using FieldViolation = Google.Rpc.BadRequest.Types.FieldViolation;

namespace Catalog.Hosting;

/// <summary>
/// What in a request of REST does not fit the message that its call takes. The framework says that something does not, but not which field, and in words of .NET; so a request
/// that it refused is read again here. Fields are named as in every other violation: <c>product.price.units</c>.
/// </summary>
internal static class RestViolations
{
    // More help nobody, and a body may hold very many.
    private const int Most = 20;

    /// <summary>All violations, at most 20; at least one.</summary>
    public static IEnumerable<FieldViolation> Of(HttpContext http)
    {
        var call = http.GetEndpoint()?.Metadata.GetMetadata<GrpcJsonTranscodingMetadata>();
        var found = call is null ? [] : InQuery(http.Request.Query, call).Concat(InBody(http.Request, call)).Take(Most).ToList();
        return found.Count > 0 ? found : [Violation(call?.HttpRule.Body is "" ? "parameters" : "body", ErrorDetails.Unreadable)];
    }

    /// <summary>Whether there is a body where one belongs, and it is not JSON in UTF-8.</summary>
    public static bool IsOfAnotherType(HttpContext http) =>
        http.GetEndpoint()?.Metadata.GetMetadata<GrpcJsonTranscodingMetadata>()?.HttpRule.Body is { Length: > 0 } && http.Request.Body.Length > 0 && !IsJson(http.Request.ContentType);

    private static IEnumerable<FieldViolation> InQuery(IQueryCollection query, GrpcJsonTranscodingMetadata call)
    {
        foreach (var (name, values) in query)
        {
            // What names no field is passed over, and what the body holds cannot stand here, too.
            if (FieldsOf(call.MethodDescriptor.InputType, name) is not { } path || call.HttpRule.Body is "*" || call.HttpRule.Body == path[0].Name) continue;
            var (at, field) = (string.Join('.', path.Select(f => f.Name)), path[^1]);
            if (path.SkipLast(1).Any(f => f.IsRepeated) || (field.FieldType == FieldType.Message && !IsText(field))) yield return Violation(at, "cannot stand among the parameters; send it in a body");
            else if (values.Count > 1 && !field.IsRepeated) yield return Violation(at, "must be given once only");
            else if (values.Any(value => !Fits(field, FromText(field, value ?? "")))) yield return Violation(at, Needed(field));
        }
    }

    private static IReadOnlyList<FieldViolation> InBody(HttpRequest request, GrpcJsonTranscodingMetadata call)
    {
        if (call.HttpRule.Body.Length == 0) return [];
        if (request.Body.Length == 0) return [Violation("body", "is missing; this call takes a JSON object")];
        if (!IsJson(request.ContentType)) return [Violation("content-type", "must be application/json")];
        var bytes = new byte[request.Body.Length];
        request.Body.Position = 0;
        request.Body.ReadExactly(bytes);
        if (!Utf8.IsValid(bytes)) return [Violation("body", "is not valid UTF-8")];
        try
        {
            using var json = JsonDocument.Parse(bytes);
            var input = call.MethodDescriptor.InputType;
            var message = call.HttpRule.Body is "*" ? input : input.FindFieldByName(call.HttpRule.Body).MessageType;
            return json.RootElement.ValueKind == JsonValueKind.Object
                ? [.. InMessage(message, json.RootElement, message == input ? "" : call.HttpRule.Body).Take(Most)]
                : [Violation("body", "must be a JSON object")];
        }
        catch (JsonException e)
        {
            return [Violation("body", $"is not JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}")];
        }
        catch (InvalidOperationException)
        {
            return [Violation("body", "is not valid Unicode: an escape is half of a surrogate pair")];
        }
    }

    private static IEnumerable<FieldViolation> InMessage(MessageDescriptor message, JsonElement value, string path)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            yield return Violation(path, "must be an object");
            yield break;
        }
        var oneofs = new HashSet<OneofDescriptor>();
        foreach (var member in value.EnumerateObject())
        {
            // null leaves a field out; the framework wants lists and maps left out altogether.
            if (FieldOf(message, member.Name) is not { } field || (member.Value.ValueKind == JsonValueKind.Null && !field.IsRepeated)) continue;
            var at = path.Length == 0 ? field.Name : $"{path}.{field.Name}";
            if (field.RealContainingOneof is { } oneof && !oneofs.Add(oneof)) yield return Violation(path, $"must hold only one of {string.Join(", ", oneof.Fields.Select(f => f.Name))}");
            foreach (var violation in InField(field, member.Value, at)) yield return violation;
        }
    }

    private static IEnumerable<FieldViolation> InField(FieldDescriptor field, JsonElement value, string at) => field switch
    {
        { IsMap: true } => value.ValueKind == JsonValueKind.Object
            ? value.EnumerateObject().SelectMany(entry => InValue(field.MessageType.FindFieldByName("value"), entry.Value, $"{at}.{entry.Name}"))
            : [Violation(at, "must be an object")],
        { IsRepeated: true } => value.ValueKind == JsonValueKind.Array
            ? value.EnumerateArray().SelectMany((element, index) => InValue(field, element, $"{at}[{index}]"))
            : [Violation(at, "must be a list")],
        _ => InValue(field, value, at),
    };

    private static IEnumerable<FieldViolation> InValue(FieldDescriptor field, JsonElement value, string at) =>
        field.FieldType == FieldType.Message && !IsText(field) ? InMessage(field.MessageType, value, at)
        : Fits(field, value) ? [] : [Violation(at, Needed(field))];

    private static bool Fits(FieldDescriptor field, JsonElement value) => field.FieldType switch
    {
        // Throws where an escape is half of a pair.
        FieldType.String => value.ValueKind == JsonValueKind.String && value.GetString() is not null,
        FieldType.Bool => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        FieldType.Int32 => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out _),
        FieldType.Int64 => Whole(value) is not null,
        FieldType.Enum => value.ValueKind == JsonValueKind.String ? field.EnumType.FindValueByName(value.GetString()!) is not null : Whole(value) is not null,
        FieldType.Message => value.ValueKind == JsonValueKind.String && (field.MessageType.Name != "Timestamp" || DateTimeOffset.TryParse(value.GetString(), CultureInfo.InvariantCulture, out _)),
        _ => true,
    };

    private static string Needed(FieldDescriptor field) => field.FieldType switch
    {
        FieldType.String => "must be a text",
        FieldType.Bool => "must be true or false",
        FieldType.Int32 => "must be a whole number of at most 32 bits, without quotes",
        FieldType.Int64 => "must be a whole number of at most 64 bits",
        FieldType.Enum => $"must be one of {string.Join(", ", field.EnumType.Values.Skip(1).Select(v => v.Name))}",
        _ => field.MessageType.Name == "Timestamp" ? "must be a time such as 2026-01-31T12:00:00Z" : "must be a text",
    };

    private static long? Whole(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => value.TryGetInt64(out var number) ? number : null,
        JsonValueKind.String => long.TryParse(value.GetString(), NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) ? number : null,
        _ => null,
    };

    /// <summary>A parameter as it would stand in a body.</summary>
    private static JsonElement FromText(FieldDescriptor field, string text) => field.FieldType switch
    {
        FieldType.Bool when bool.TryParse(text, out var flag) => JsonSerializer.SerializeToElement(flag),
        FieldType.Int32 when int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) => JsonSerializer.SerializeToElement(number),
        _ => JsonSerializer.SerializeToElement(text),
    };

    /// <summary>Whether a message stands in JSON as a text: a time, a duration, a mask.</summary>
    private static bool IsText(FieldDescriptor field) => field.MessageType.File.Package == "google.protobuf" && !field.IsMap;

    private static List<FieldDescriptor>? FieldsOf(MessageDescriptor message, string name)
    {
        var path = new List<FieldDescriptor>();
        foreach (var part in name.Split('.'))
        {
            if (path is [.., { FieldType: not FieldType.Message }]) return null;
            if (FieldOf(path is [.., var last] ? last.MessageType : message, part) is not { } field) return null;
            path.Add(field);
        }
        return path;
    }

    private static FieldDescriptor? FieldOf(MessageDescriptor message, string name) => message.Fields.InFieldNumberOrder().FirstOrDefault(f => f.JsonName == name || f.Name == name);

    private static bool IsJson(string? type) =>
        MediaTypeHeaderValue.TryParse(type, out var media) && (media.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase) || media.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase))
        && (media.Charset.Length == 0 || media.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase) || media.Charset.Equals("\"utf-8\"", StringComparison.OrdinalIgnoreCase));

    private static FieldViolation Violation(string field, string description) => new() { Field = field.Length == 0 ? "body" : field, Description = description };
}
