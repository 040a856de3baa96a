using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Catalog.Tests.Elasticsearch;

/// <summary>Stands where Elasticsearch would, for the answers that the real one does not give on demand.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    /// <summary>What a search that finds nothing is answered with.</summary>
    public const string NoHits = """{"hits":{"total":{"value":0},"hits":[]}}""";

    /// <summary>The same, where the search was to tell in which version it saw one product.</summary>
    public static string NoHitsAt(long version) =>
        $$$"""{"hits":{"total":{"value":0},"hits":[]},"aggregations":{"all":{"doc_count":1,"named":{"doc_count":1,"each":{"buckets":[{"doc_count":1,"version":{"value":{{{version}}}.0} }]} } } } }""";

    private readonly WebApplication _app;

    private ScriptedServer(WebApplication app) => _app = app;

    public string Url => _app.Services.GetRequiredService<Microsoft.AspNetCore.Hosting.Server.IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    /// <summary>The requests that came, as <c>POST /path</c>.</summary>
    public ConcurrentQueue<string> Requests { get; } = [];

    /// <summary>A server that has an index of <c>log-1</c>, and answers everything else so; the number counts those requests from 0.</summary>
    public static async Task<ScriptedServer> StartAsync(Func<HttpContext, int, Task> answer, X509Certificate2? certificate = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                if (certificate is not null) listen.UseHttps(certificate);
            });
        });
        var server = new ScriptedServer(builder.Build());
        var count = -1;
        server._app.Run(context => context.Request.Path.Value switch
        {
            ['/', '_', 'a', 'l', 'i', 'a', 's', '/', .. var alias] => WriteAsync(context, $$$"""{"{{{alias}}}-20240101000000":{"aliases":{} } }"""),
            { } path when path.EndsWith("/_mapping", StringComparison.Ordinal) =>
                WriteAsync(context, $$$"""{"{{{path.Split('/')[1]}}}":{"mappings":{"_meta":{"log_id":"log-1","schema":1} } } }"""),
            { } path => AnswerAsync(context, path),
            null => Task.CompletedTask,
        });
        await server._app.StartAsync();
        return server;

        Task AnswerAsync(HttpContext context, string path)
        {
            server.Requests.Enqueue($"{context.Request.Method} {path}");
            return answer(context, Interlocked.Increment(ref count));
        }
    }

    /// <summary>Answers with JSON.</summary>
    public static async Task WriteAsync(HttpContext context, string json, int status = 200, int? retryAfter = null)
    {
        await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        if (retryAfter is { } seconds) context.Response.Headers.RetryAfter = $"{seconds}";
        await context.Response.WriteAsync(json, context.RequestAborted);
    }

    /// <summary>The ids of the operations of a bulk request.</summary>
    public static async Task<string[]> ReadIdsAsync(HttpContext context)
    {
        using var body = new StreamReader(context.Request.Body);
        var lines = (await body.ReadToEndAsync(context.RequestAborted)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return [.. lines.Where((_, i) => i % 2 == 0).Select(line => System.Text.Json.JsonDocument.Parse(line).RootElement.GetProperty("index").GetProperty("_id").GetString()!)];
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
