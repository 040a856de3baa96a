using System.Text.RegularExpressions;
using Google.Api;
using Microsoft.AspNetCore.Grpc.JsonTranscoding;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Catalog.Hosting;

/// <summary>
/// The paths of REST that a host has, as the annotations of the contract write them, and the verbs of HTTP that each takes. The framework does not see what stands behind a colon, and so takes
/// products/x:activate for a product, which can be deleted, and products:search for nothing.
/// </summary>
internal sealed partial class RestPaths
{
    private List<(Regex Path, string Verb)>? _rules;

    /// <summary>Whether the path of a request takes its verb, as far as the framework cannot tell.</summary>
    public bool Takes(HttpContext http) => !http.Request.Path.Value!.Contains(':', StringComparison.Ordinal) || VerbsOf(http) is not { Length: > 0 } verbs || verbs.Contains(http.Request.Method, StringComparer.Ordinal);

    /// <summary>The verbs that the path of a request takes, in order; none where there is no such path.</summary>
    public string[] VerbsOf(HttpContext http)
    {
        _rules ??= [.. http.RequestServices.GetRequiredService<EndpointDataSource>().Endpoints.Select(e => e.Metadata.GetMetadata<GrpcJsonTranscodingMetadata>()?.HttpRule).OfType<HttpRule>().Select(Read)];
        return [.. _rules.Where(rule => rule.Path.IsMatch(http.Request.Path)).Select(rule => rule.Verb).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }

    private static (Regex Path, string Verb) Read(HttpRule rule)
    {
        var (pattern, verb) = rule.PatternCase switch
        {
            HttpRule.PatternOneofCase.Get => (rule.Get, "GET"),
            HttpRule.PatternOneofCase.Post => (rule.Post, "POST"),
            HttpRule.PatternOneofCase.Patch => (rule.Patch, "PATCH"),
            HttpRule.PatternOneofCase.Put => (rule.Put, "PUT"),
            HttpRule.PatternOneofCase.Delete => (rule.Delete, "DELETE"),
            _ => (rule.Custom.Path, rule.Custom.Kind),
        };
        // {name=products/*} is products/*, and {name} one part.
        var path = Variable().Replace(pattern, match => match.Groups["path"] is { Success: true, Value: var within } ? within : "*");
        return (new Regex($"^{Regex.Escape(path).Replace(@"\*", "[^/:]+", StringComparison.Ordinal)}$", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1)), verb);
    }

    [GeneratedRegex(@"\{[^}=]+(=(?<path>[^}]+))?\}", RegexOptions.ExplicitCapture)]
    private static partial Regex Variable();
}
