using Catalog.V1;
using Grpc.Core;
using Grpc.Health.V1;
using Reflect = Grpc.Reflection.V1;
using ReflectOld = Grpc.Reflection.V1Alpha;

namespace Catalog.SystemTests;

/// <summary>What every process offers besides its services: health, reflection, metrics.</summary>
public abstract class HostSuite(ICatalogUnderTest catalog)
{
    [Theory]
    [InlineData("/healthz/live", "live\n")]
    [InlineData("/healthz/ready", "ready\n")]
    public async Task Health_is_told_over_http(string path, string body)
    {
        foreach (var host in catalog.Hosts) Assert.Equal(body, await catalog.Rest.GetStringAsync(new Uri(host, path)));
    }

    [Fact]
    public async Task Health_is_told_over_gRPC()
    {
        foreach (var (channel, service) in new[] { (catalog.Commands, ProductCommandService.Descriptor.FullName), (catalog.Queries, ProductQueryService.Descriptor.FullName), (catalog.Commands, "") })
        {
            var health = new Health.HealthClient(channel);
            Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, (await health.CheckAsync(new HealthCheckRequest { Service = service })).Status);
            using var watch = health.Watch(new HealthCheckRequest { Service = service });
            Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
            Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, watch.ResponseStream.Current.Status);
        }
        var unknown = await Assert.ThrowsAsync<RpcException>(async () => await new Health.HealthClient(catalog.Commands).CheckAsync(new HealthCheckRequest { Service = "nothing" }));
        Assert.Equal(StatusCode.NotFound, unknown.StatusCode);
    }

    [Fact]
    public async Task Reflection_lists_the_services_and_knows_the_details_of_errors()
    {
        List<string> services = [];
        foreach (var channel in new[] { catalog.Commands, catalog.Queries })
        {
            using var reflection = new Reflect.ServerReflection.ServerReflectionClient(channel).ServerReflectionInfo();
            await reflection.RequestStream.WriteAsync(new Reflect.ServerReflectionRequest { ListServices = "" });
            await reflection.ResponseStream.MoveNext(CancellationToken.None);
            services.AddRange(reflection.ResponseStream.Current.ListServicesResponse.Service.Select(s => s.Name));
            await reflection.RequestStream.WriteAsync(new Reflect.ServerReflectionRequest { FileContainingSymbol = "google.rpc.BadRequest" });
            await reflection.ResponseStream.MoveNext(CancellationToken.None);
            Assert.NotEmpty(reflection.ResponseStream.Current.FileDescriptorResponse.FileDescriptorProto);
        }
        Assert.Superset(new HashSet<string>(StringComparer.Ordinal) { ProductCommandService.Descriptor.FullName, ProductQueryService.Descriptor.FullName, "grpc.health.v1.Health" }, services.ToHashSet(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Reflection_speaks_the_older_protocol_too()
    {
        List<string> services = [];
        foreach (var channel in new[] { catalog.Commands, catalog.Queries })
        {
            using var reflection = new ReflectOld.ServerReflection.ServerReflectionClient(channel).ServerReflectionInfo();
            await reflection.RequestStream.WriteAsync(new ReflectOld.ServerReflectionRequest { ListServices = "" });
            await reflection.ResponseStream.MoveNext(CancellationToken.None);
            services.AddRange(reflection.ResponseStream.Current.ListServicesResponse.Service.Select(s => s.Name));
        }
        Assert.Contains(ProductCommandService.Descriptor.FullName, services);
        Assert.Contains(ProductQueryService.Descriptor.FullName, services);
    }

    [Fact]
    public async Task Metrics_count_commands_projected_events_and_searches()
    {
        var created = await catalog.CreatedAsync();
        await catalog.Reads().SearchProductsAsync(new SearchProductsRequest { Query = "lamp", ConsistencyTokens = { created.ConsistencyToken } });
        (await catalog.CallAsync(Via.Grpc, new GetProductRequest { Name = $"products/{TestProducts.Word()}" })).Fails(StatusCode.NotFound, ErrorReason.ProductNotFound);
        await Eventually.TrueAsync("the metrics are there", async () =>
        {
            var text = string.Concat(await Task.WhenAll(catalog.Hosts.Select(h => catalog.Rest.GetStringAsync(new Uri(h, "/metrics")))));
            return new[] { "catalog_commands_total{", "catalog_projector_events_total", "catalog_projector_delay_seconds_bucket", "catalog_queries", "http_server_request_duration_seconds", "dotnet_" }
                .All(name => text.Contains(name, StringComparison.Ordinal))
                && text.Split('\n').Any(line => new[] { "http_server_request_duration_seconds_count{", "http_route=\"/catalog.v1.ProductQueryService/GetProduct\"", "rpc_grpc_status_code=\"5\"" }.All(part => line.Contains(part, StringComparison.Ordinal)));
        });
    }
}
