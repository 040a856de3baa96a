using Catalog.V1;
using Grpc.Core;

namespace Catalog.SystemTests.Gateway;

/// <summary>A gateway pod ends, and nobody notices (G11).</summary>
public sealed class DrainTests(SharedCatalog shared)
{
    [Fact]
    public async Task No_call_fails_when_a_gateway_ends_under_load()
    {
        await using var ending = await GatewayProcess.StartAsync(shared.Catalog);
        await using var staying = await GatewayProcess.StartAsync(shared.Catalog);
        // As the load balancer: connections stay where they are, new ones go where it leads.
        await using var balancer = new Wire(ending.Address.Authority);
        var created = await shared.Catalog.CreatedAsync();
        await shared.Catalog.GetAsync(created);
        var (calls, ended) = (0, false);
        using var channels = new Channels(balancer.Address, 4);
        using var rest = new HttpClient { BaseAddress = new Uri($"http://{balancer.Address}") };
        var clients = channels.All.SelectMany(c => Enumerable.Repeat(c, 2)).Select(channel => Task.Run(async () =>
        {
            while (!Volatile.Read(ref ended))
            {
                await new ProductCommandService.ProductCommandServiceClient(channel).AdjustStockAsync(new AdjustStockRequest { Name = created.Name, Delta = 1, Reason = "load" });
                await new ProductQueryService.ProductQueryServiceClient(channel).GetProductAsync(new GetProductRequest { Name = created.Name });
                (await rest.GetStringAsync(new Uri("/v1/projectionStatus", UriKind.Relative))).ToString();
                Interlocked.Increment(ref calls);
            }
        })).ToList();

        async Task GoOnAsync(int count)
        {
            var until = Volatile.Read(ref calls) + count;
            await Eventually.TrueAsync($"{count} more rounds", () => Volatile.Read(ref calls) >= until || clients.Any(c => c.IsFaulted));
        }
        await GoOnAsync(100);
        var draining = HostProcess.RunAsync(["bash", Path.Combine(ending.Folder, "drain.sh"), ending.AdminPort.ToString(System.Globalization.CultureInfo.InvariantCulture), "20"]);
        await Eventually.TrueAsync("it says that it is not ready", async () => !(await ending.Rest.GetAsync(new Uri(ending.Probes, "/healthz/ready"))).IsSuccessStatusCode);
        balancer.Target = staying.Address.Authority;
        Assert.Equal((0, ""), await draining);
        ending.Process.Terminate();
        Assert.Equal(0, await ending.Process.WaitForExitAsync(Eventually.Patience));
        await GoOnAsync(100);
        Volatile.Write(ref ended, true);
        await Task.WhenAll(clients);
        Assert.True(await staying.StatAsync("http.edge.downstream_rq_completed") > 0, "the load went elsewhere");
    }

    private sealed class Channels(string address, int count) : IDisposable
    {
        public List<Grpc.Net.Client.GrpcChannel> All { get; } = [.. Enumerable.Range(0, count).Select(_ => CatalogProcess.Connect(new Uri($"http://{address}")))];

        public void Dispose() => All.ForEach(c => c.Dispose());
    }
}
