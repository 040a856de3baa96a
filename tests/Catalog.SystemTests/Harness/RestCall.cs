using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Catalog.V1;
using Google.Api;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Status = Google.Rpc.Status;

namespace Catalog.SystemTests;

/// <summary>Sends a request as HTTP and JSON: path, body and query parameters as the <c>google.api.http</c> annotation of its method says.</summary>
internal static partial class RestCall
{
    public static readonly TypeRegistry Details = TypeRegistry.FromFiles(ErrorDetailsReflection.Descriptor);
    private static readonly JsonParser Json = new(JsonParser.Settings.Default.WithTypeRegistry(Details));

    private static readonly Dictionary<StatusCode, HttpStatusCode> HttpCodes = new()
    {
        [StatusCode.InvalidArgument] = HttpStatusCode.BadRequest, [StatusCode.FailedPrecondition] = HttpStatusCode.BadRequest, [StatusCode.OutOfRange] = HttpStatusCode.BadRequest,
        [StatusCode.NotFound] = HttpStatusCode.NotFound, [StatusCode.AlreadyExists] = HttpStatusCode.Conflict, [StatusCode.Aborted] = HttpStatusCode.Conflict,
        [StatusCode.ResourceExhausted] = HttpStatusCode.TooManyRequests, [StatusCode.Unavailable] = HttpStatusCode.ServiceUnavailable,
        [StatusCode.DeadlineExceeded] = HttpStatusCode.GatewayTimeout, [StatusCode.Unauthenticated] = HttpStatusCode.Unauthorized, [StatusCode.PermissionDenied] = HttpStatusCode.Forbidden,
    };

    public static Task<Answer> SendAsync(HttpClient http, MethodDescriptor method, IMessage request) =>
        SendAsync(http, method, method.GetOptions().GetExtension(AnnotationsExtensions.Http), request);

    /// <summary>A search as a POST: not everything that it offers can stand in a URL.</summary>
    public static Task<Answer> PostSearchAsync(this ICatalogUnderTest catalog, SearchProductsRequest request)
    {
        var method = Calls.MethodOf(request);
        return SendAsync(catalog.Rest, method, method.GetOptions().GetExtension(AnnotationsExtensions.Http).AdditionalBindings[0], request);
    }

    /// <summary>All paths of the contract, of a product "x" where they are of one, and the verbs that each takes, in order.</summary>
    public static IEnumerable<(string Path, IEnumerable<string> Verbs)> Paths() =>
        from service in new[] { ProductCommandService.Descriptor, ProductQueryService.Descriptor }
        from method in service.Methods
        let rule = method.GetOptions()?.GetExtension(AnnotationsExtensions.Http)
        where rule is not null
        from binding in rule.AdditionalBindings.Prepend(rule)
        let pattern = PatternOf(binding)
        group pattern.Verb.Method by Variable().Replace(pattern.Pattern, "products/x") into path
        select (path.Key, path.Order(StringComparer.Ordinal).AsEnumerable());

    /// <summary>The error that a body holds.</summary>
    public static Status ErrorOf(string body) => Json.Parse<Status>(body);

    private static async Task<Answer> SendAsync(HttpClient http, MethodDescriptor method, HttpRule rule, IMessage request)
    {
        using var message = Translate(rule, request);
        using var response = await http.SendAsync(message);
        var body = await response.Content.ReadAsStringAsync();
        if (response.IsSuccessStatusCode) return new Answer(Json.Parse(body, method.OutputType), null);
        var error = ErrorOf(body);
        Assert.Equal(HttpCodes[(StatusCode)error.Code], response.StatusCode);
        return new Answer(null, error);
    }

    private static HttpRequestMessage Translate(HttpRule rule, IMessage request)
    {
        var (verb, pattern) = PatternOf(rule);
        // What stands in the path is left out of the rest.
        var rest = (IMessage)request.Descriptor.Parser.ParseFrom(request.ToByteString());
        var path = Variable().Replace(pattern, match => Uri.EscapeDataString(Take(rest, match.Groups["field"].Value)).Replace("%2F", "/", StringComparison.Ordinal));
        HttpContent? content = null;
        if (rule.Body.Length > 0)
        {
            var field = rule.Body == "*" ? null : rest.Descriptor.FindFieldByName(rule.Body);
            var body = field is null ? rest : (IMessage?)field.Accessor.GetValue(rest);
            content = new StringContent(body is null ? "" : JsonFormatter.Default.Format(body), Encoding.UTF8, "application/json");
            if (field is null) rest = (IMessage)Activator.CreateInstance(request.GetType())!;
            else field.Accessor.Clear(rest);
        }
        var query = string.Join('&', Parameters(rest));
        return new HttpRequestMessage(verb, path + (query.Length > 0 ? "?" + query : "")) { Content = content };
    }

    private static (HttpMethod Verb, string Pattern) PatternOf(HttpRule rule) => rule.PatternCase switch
    {
        HttpRule.PatternOneofCase.Get => (HttpMethod.Get, rule.Get),
        HttpRule.PatternOneofCase.Post => (HttpMethod.Post, rule.Post),
        HttpRule.PatternOneofCase.Patch => (HttpMethod.Patch, rule.Patch),
        _ => (HttpMethod.Delete, rule.Delete),
    };

    private static string Take(IMessage message, string path)
    {
        var at = message;
        var parts = path.Split('.');
        foreach (var part in parts[..^1]) at = (IMessage)at.Descriptor.FindFieldByName(part).Accessor.GetValue(at);
        var field = at.Descriptor.FindFieldByName(parts[^1]);
        var value = (string)field.Accessor.GetValue(at);
        field.Accessor.Clear(at);
        return value;
    }

    private static IEnumerable<string> Parameters(IMessage message)
    {
        foreach (var field in message.Descriptor.Fields.InFieldNumberOrder())
        {
            var value = field.Accessor.GetValue(message);
            switch (value)
            {
                case RepeatedField<string> texts:
                    foreach (var text in texts) yield return Pair(field, text);
                    break;
                case FieldMask mask:
                    yield return Pair(field, string.Join(',', mask.Paths));
                    break;
                case string { Length: > 0 } or int and not 0 or long and not 0L or true:
                    yield return Pair(field, value is true ? "true" : value.ToString()!);
                    break;
                default:
                    Assert.True(value is null or "" or 0 or 0L or false or System.Collections.ICollection { Count: 0 }, $"{field.Name} cannot stand in a query");
                    break;
            }
        }
    }

    private static string Pair(FieldDescriptor field, string value) => $"{field.JsonName}={Uri.EscapeDataString(value)}";

    [GeneratedRegex(@"\{(?<field>[a-z_.]+)(=[^}]*)?\}", RegexOptions.ExplicitCapture)]
    private static partial Regex Variable();
}
