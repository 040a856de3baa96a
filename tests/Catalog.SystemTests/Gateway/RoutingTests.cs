using System.Net;
using System.Text.Json;
using Catalog.SystemTests.Clients;
using Catalog.V1;
using Grpc.Core;

namespace Catalog.SystemTests.Gateway;

/// <summary>What the gateway lets through and what it answers itself.</summary>
public sealed class RoutingTests(StandaloneGateway gateway) : IClassFixture<StandaloneGateway>
{
    private GatewayProcess Gateway => (GatewayProcess)gateway.Catalog;

    [Theory]
    [InlineData("/catalog.v1.ProductAdminService/Delete")]
    [InlineData("/grpc.channelz.v1.Channelz/GetServers")]
    [InlineData("/catalog.v1.ProductCommandServiceX/CreateProduct")]
    [InlineData("/v1/products")]
    public async Task A_service_that_is_not_the_catalogs_is_unimplemented(string path)
    {
        var method = new Method<byte[], byte[]>(MethodType.Unary, path.Split('/')[1], path.Split('/')[2], Marshallers.Create<byte[]>(b => b, b => b), Marshallers.Create<byte[]>(b => b, b => b));
        var error = await Assert.ThrowsAsync<RpcException>(() => Gateway.Commands.CreateCallInvoker().AsyncUnaryCall(method, null, default, []).ResponseAsync);
        Assert.Equal(StatusCode.Unimplemented, error.StatusCode);
        Assert.StartsWith("The catalog has no such method.", error.Status.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/stats")]
    [InlineData("/metrics")]
    [InlineData("/healthz/ready")]
    [InlineData("/v1/../stats")]
    public async Task Nothing_of_the_inside_is_to_be_seen_outside(string path)
    {
        using var answer = await Gateway.Rest.GetAsync(new Uri(path, UriKind.Relative));
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public async Task Health_and_metrics_are_told_as_by_every_service()
    {
        Assert.Equal(HttpStatusCode.OK, (await Gateway.Rest.GetAsync(new Uri("/healthz", UriKind.Relative))).StatusCode);
        Assert.Equal("live\n", await Gateway.Rest.GetStringAsync(new Uri(Gateway.Probes, "/healthz/live")));
        Assert.Contains("envoy_cluster_upstream_rq_total{envoy_cluster_name=\"queries\"}", await Gateway.Rest.GetStringAsync(new Uri(Gateway.Probes, "/metrics")), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await Gateway.Rest.PostAsync(new Uri(Gateway.Probes, "/metrics"), null)).StatusCode);
    }

    [Fact]
    public async Task Headers_as_large_as_the_gateway_takes_them_are_answered_and_end_nobody_elses_calls()
    {
        using var watch = await Watcher.StartAsync(Gateway);
        var created = await Gateway.CreatedAsync();
        for (var i = 0; i < 3; i++)
        {
            var product = await Gateway.Reads().GetProductAsync(new GetProductRequest { Name = created.Name, ConsistencyTokens = { created.ConsistencyToken } }, new Metadata { { "x-large", new string('{', 50_000) } });
            Assert.Equal(created.Name, product.Name);
            // The line goes on to the service twice: as a header of its own, too.
            var line = $"/v1/{created.Name}?{string.Join('&', Enumerable.Range(0, 300).Select(n => $"consistencyTokens={new string('x', 130)}{n}"))}";
            using var answer = await Gateway.Rest.GetAsync(new Uri(line, UriKind.Relative));
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            Assert.Contains("consistency_tokens[19]", await answer.Content.ReadAsStringAsync(), StringComparison.OrdinalIgnoreCase);
        }
        // The one that was open all the time.
        Assert.Single(await watch.TakeAsync(1, e => e.Name == created.Name));
    }

    [Fact]
    public async Task Grpcurl_finds_both_services_by_reflection()
    {
        var (code, output, errors) = await ClientProgram.RunAsync(ClientProgram.Tool("TEST_GRPCURL"), "-plaintext", Gateway.Commands.Target, "list");
        Assert.True(code == 0, errors);
        foreach (var service in new[] { ProductCommandService.Descriptor.FullName, ProductQueryService.Descriptor.FullName }) Assert.Contains(service, output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x-envoy-upstream-rq-timeout-ms", "1")]
    [InlineData("x-envoy-retry-on", "5xx")]
    [InlineData("x-envoy-max-retries", "100")]
    [InlineData("x-envoy-expected-rq-timeout-ms", "1")]
    public async Task Nobody_outside_turns_the_gateways_own_screws(string header, string value)
    {
        var before = await Gateway.StatAsync("cluster.queries.upstream_rq_timeout");
        for (var i = 0; i < 20; i++) await Gateway.Reads().SearchProductsAsync(new SearchProductsRequest { Query = "lamp" }, new Metadata { { header, value } });
        Assert.Equal(before, await Gateway.StatAsync("cluster.queries.upstream_rq_timeout"));
    }

    [Fact]
    public async Task Every_call_is_a_line_of_the_access_log()
    {
        var word = TestProducts.Word();
        await Gateway.Rest.GetAsync(new Uri($"/v1/products/{word}", UriKind.Relative));
        var line = "";
        await Eventually.TrueAsync("the line is there", () => (line = Gateway.Process.Output.FirstOrDefault(l => l.Contains(word, StringComparison.Ordinal)) ?? "").Length > 0);
        using var json = JsonDocument.Parse(line);
        Assert.Equal(("GET", 404), (json.RootElement.GetProperty("method").GetString(), json.RootElement.GetProperty("status").GetInt32()));
    }

    [Fact]
    public async Task A_body_that_names_another_product_than_the_path_is_refused()
    {
        var (meant, other) = (await Gateway.CreatedAsync(), await Gateway.CreatedAsync());
        foreach (var (verb, name, accepted) in new[] { ("", other.Name, false), (":changePrice", other.Name, false), ("", meant.Name, true), (":changePrice", meant.Name, true) })
        {
            using var request = new HttpRequestMessage(verb.Length == 0 ? HttpMethod.Patch : HttpMethod.Post, $"/v1/{meant.Name}{verb}");
            request.Content = new StringContent($$$"""{"name":"{{{name}}}","price":{"currencyCode":"EUR","units":"1"},"title":"Another"}""", null, "application/json");
            if (verb.Length == 0) request.RequestUri = new Uri(request.RequestUri + "?updateMask=title", UriKind.Relative);
            using var answer = await Gateway.Rest.SendAsync(request);
            Assert.Equal(accepted ? HttpStatusCode.OK : HttpStatusCode.BadRequest, answer.StatusCode);
        }
        Assert.Equal(1, (await Gateway.GetAsync(other)).Version);
    }

    [Theory]
    [InlineData("/v1/products/a%2Fb")]
    [InlineData("/v1/products/a%5cb")]
    public async Task A_path_with_a_hidden_slash_is_refused(string path)
    {
        using var answer = await Gateway.Rest.GetAsync(new Uri(path, UriKind.Relative));
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }
}
