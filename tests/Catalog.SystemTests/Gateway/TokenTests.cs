using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Catalog.V1;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;

namespace Catalog.SystemTests.Gateway;

/// <summary>Who may call, and whose name a command carries.</summary>
public sealed class TokenTests(SharedCatalog shared) : IDisposable
{
    private readonly Tokens _tokens = new();
    private readonly Tokens _strangers = new();

    private object Jwt => new { jwt = new { enabled = true, issuer = Tokens.Issuer, audiences = new[] { "catalog" }, jwks = _tokens.Jwks } };

    /// <inheritdoc />
    public void Dispose()
    {
        _tokens.Dispose();
        _strangers.Dispose();
    }

    [Theory]
    [InlineData(Via.Grpc)]
    [InlineData(Via.Rest)]
    public async Task Commands_need_their_scope_and_queries_any_token(Via via)
    {
        await using var gateway = await GatewayProcess.StartAsync(shared.Catalog, Jwt);
        JsonNode[] writers = ["catalog.write", "openid catalog.write email", new JsonArray("openid", "catalog.write")];
        JsonNode?[] readers = [null, "", "openid", "catalog.writer", "catalog.write.all catalog", new JsonArray("catalog.read"), new JsonArray("xcatalog.write catalog.write")];
        foreach (var scope in writers) (await gateway.As(_tokens.Issue(scope?.DeepClone())).CallAsync(via, TestProducts.Create())).Receipt();
        foreach (var scope in readers)
        {
            var reader = gateway.As(_tokens.Issue(scope?.DeepClone()));
            (await reader.CallAsync(via, new SearchProductsRequest { PageSize = 1 })).Ok<SearchProductsResponse>();
            (await reader.CallAsync(via, TestProducts.Create())).Fails(StatusCode.PermissionDenied, ErrorReason.PermissionDenied);
            (await reader.CallAsync(via, new BatchWriteProductsRequest())).Fails(StatusCode.PermissionDenied, ErrorReason.PermissionDenied);
        }
    }

    [Theory]
    [InlineData(Via.Grpc)]
    [InlineData(Via.Rest)]
    public async Task Without_a_valid_token_there_is_nothing_to_be_had(Via via)
    {
        await using var gateway = await GatewayProcess.StartAsync(shared.Catalog, Jwt);
        var hour = DateTimeOffset.UtcNow.AddHours(-1).ToUnixTimeSeconds();
        string?[] refused =
        [
            null, "nonsense", _strangers.Issue("catalog.write"), _tokens.Issue("catalog.write", change: c => c["exp"] = hour), _tokens.Issue("catalog.write", change: c => c.Remove("exp")),
            _tokens.Issue("catalog.write", change: c => c["iss"] = "https://elsewhere.example.com/"), _tokens.Issue("catalog.write", change: c => c["nbf"] = DateTimeOffset.UtcNow.AddHours(1).ToUnixTimeSeconds()),
        ];
        foreach (var token in refused)
            foreach (var request in new Google.Protobuf.IMessage[] { TestProducts.Create(), new SearchProductsRequest(), new BatchWriteProductsRequest() })
                (await gateway.As(token).CallAsync(via, request)).Fails(StatusCode.Unauthenticated, ErrorReason.Unauthenticated);
        // A token for somebody else: who calls is known, and may not.
        Assert.Contains((await gateway.As(_tokens.Issue("catalog.write", change: c => c["aud"] = "another")).CallAsync(via, TestProducts.Create())).Error!.Code, new[] { 7, 16 });
    }

    [Theory]
    [InlineData("GET", "/v1/nothing", HttpStatusCode.NotFound)]
    [InlineData("PUT", "/v1/products", HttpStatusCode.MethodNotAllowed)]
    [InlineData("GET", "/", HttpStatusCode.NotFound)]
    [InlineData("POST", "/catalog.v1.ProductCommandService/CreateProduct", HttpStatusCode.Forbidden)]
    public async Task With_any_token_one_is_told_what_is_not_there(string method, string path, HttpStatusCode status)
    {
        await using var gateway = await GatewayProcess.StartAsync(shared.Catalog, Jwt);
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative));
        using var answer = await gateway.As(_tokens.Issue("openid")).Rest.SendAsync(request);
        Assert.Equal(status, answer.StatusCode);
    }

    [Fact]
    public async Task Everything_else_is_denied_but_health()
    {
        await using var gateway = await GatewayProcess.StartAsync(shared.Catalog, Jwt);
        foreach (var path in new[] { "/", "/v1/nothing", "/v1//products:search", "/v1/products:search/", "/catalog.v1.ProductQueryService/SearchProducts", "/V1/products:search" })
        {
            using var answer = await gateway.Rest.GetAsync(new Uri(path, UriKind.Relative));
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        }
        Assert.Equal(HttpStatusCode.OK, (await gateway.Rest.GetAsync(new Uri("/healthz", UriKind.Relative))).StatusCode);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, (await new Health.HealthClient(gateway.Commands).CheckAsync(new HealthCheckRequest())).Status);
    }

    [Fact]
    public async Task Keys_are_fetched_before_the_first_call()
    {
        using var issuer = new HttpListener();
        var address = $"http://127.0.0.1:{ServerProcess.FreePorts(1)}/";
        issuer.Prefixes.Add(address);
        issuer.Start();
        var serving = Task.Run(async () =>
        {
            while (issuer.IsListening)
            {
                var context = await issuer.GetContextAsync();
                await using var output = context.Response.OutputStream;
                await output.WriteAsync(System.Text.Encoding.UTF8.GetBytes(_tokens.Jwks));
            }
        });
        await using var gateway = await GatewayProcess.StartAsync(shared.Catalog, new { jwt = new { enabled = true, issuer = Tokens.Issuer, jwksUri = address + "keys" } });
        (await gateway.As(_tokens.Issue("catalog.write")).CallAsync(Via.Grpc, TestProducts.Create())).Receipt();
        issuer.Stop();
        await Assert.ThrowsAnyAsync<Exception>(() => serving);
    }

    [Theory]
    [InlineData(Via.Grpc)]
    [InlineData(Via.Rest)]
    public async Task An_event_names_the_tokens_subject_and_nobody_that_a_caller_makes_up(Via via)
    {
        using var folder = new TempFolder();
        await using var commands = await CommandServiceAlone.StartAsync(folder);
        await using (var guarded = await GatewayProcess.StartAsync([commands.Target], [shared.Catalog.Queries.Target], Jwt))
            (await guarded.As(_tokens.Issue("catalog.write", "alice"), ("x-catalog-actor", "mallory")).CallAsync(via, TestProducts.Create())).Receipt();
        Assert.Equal("alice", commands.LastActor());
        await using (var open = await GatewayProcess.StartAsync([commands.Target], [shared.Catalog.Queries.Target]))
            (await open.As(null, ("x-catalog-actor", "mallory"), ("X-Catalog-Actor", "mallory")).CallAsync(via, TestProducts.Create())).Receipt();
        Assert.Equal("", commands.LastActor());
    }

    [Fact]
    public async Task The_same_request_id_of_two_callers_is_two_commands()
    {
        using var folder = new TempFolder();
        await using var commands = await CommandServiceAlone.StartAsync(folder);
        await using var gateway = await GatewayProcess.StartAsync([commands.Target], [shared.Catalog.Queries.Target], Jwt);
        var (first, second) = (TestProducts.Create(), TestProducts.Create());
        second.RequestId = first.RequestId;
        Assert.NotEqual((await gateway.As(_tokens.Issue("catalog.write", "alice")).CallAsync(Via.Grpc, first)).Receipt().Name, (await gateway.As(_tokens.Issue("catalog.write", "bob")).CallAsync(Via.Grpc, second)).Receipt().Name);
    }
}
