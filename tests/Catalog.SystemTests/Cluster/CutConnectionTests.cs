using System.Net.Http.Json;
using System.Net.Sockets;
using Catalog.V1;
using Grpc.Core;

namespace Catalog.SystemTests;

/// <summary>Connections that are cut after the commit and before its answer (G1, G4). <c>TEST_TOXIPROXY</c> names the proxy that cuts them.</summary>
public sealed class CutConnectionTests(SharedCluster shared)
{
    private const int Cuts = 20;

    [Fact]
    public async Task A_command_whose_answer_was_cut_off_and_that_is_sent_again_happens_once()
    {
        var catalog = shared.Catalog;
        await using var proxy = await Proxy.StartAsync(catalog.Commands.Target);
        var created = await catalog.CreatedAsync();
        await catalog.Reads().GetProductAsync(new GetProductRequest { Name = created.Name, ConsistencyTokens = { created.ConsistencyToken } });
        var (cut, request) = (0, new AdjustStockRequest());
        for (var i = 1; i <= Cuts; i++)
        {
            request = new AdjustStockRequest { Name = created.Name, Delta = 1, Reason = "once", RequestId = $"{created.Name}-{i}" };
            using (var channel = CatalogProcess.Connect(proxy.Address))
            {
                var client = new ProductCommandService.ProductCommandServiceClient(channel);
                // The connection is there before, so that the next thing that the service says is the answer.
                await client.AdjustStockAsync(new AdjustStockRequest { Name = created.Name, Delta = 1, Reason = "before" });
                await proxy.SilenceAsync();
                var call = client.AdjustStockAsync(request);
                var version = created.Version + 2 * i;
                await Eventually.TrueAsync("it is committed", async () => (await catalog.Reads().GetProductAsync(new GetProductRequest { Name = created.Name })).Version == version);
                await proxy.CutAsync();
                var failure = await Assert.ThrowsAsync<RpcException>(async () => await call);
                if (failure.StatusCode is StatusCode.Unavailable or StatusCode.Internal) cut++;
            }
            var repeated = await Task.WhenAll(catalog.Writes().AdjustStockAsync(request).ResponseAsync, catalog.Writes().AdjustStockAsync(request).ResponseAsync);
            Assert.All(repeated, receipt => Assert.Equal(created.Version + 2 * i, receipt.Version));
        }
        Assert.Equal(Cuts, cut);
        var read = await catalog.Reads().GetProductAsync(new GetProductRequest { Name = created.Name, ConsistencyTokens = { (await catalog.Writes().AdjustStockAsync(request)).ConsistencyToken } });
        Assert.Equal(2 * Cuts, read.StockQuantity);
    }

    /// <summary>A TCP proxy whose way back can be silenced and cut.</summary>
    private sealed class Proxy : IAsyncDisposable
    {
        private static readonly Uri Toxics = new("/proxies/p/toxics", UriKind.Relative);
        private readonly HostProcess _process;
        private readonly HttpClient _api;

        private Proxy(HostProcess process, HttpClient api, Uri address) => (_process, _api, Address) = (process, api, address);

        public Uri Address { get; }

        public static async Task<Proxy> StartAsync(string upstream)
        {
            var program = Environment.GetEnvironmentVariable("TEST_TOXIPROXY");
            Assert.SkipWhen(string.IsNullOrEmpty(program), "TEST_TOXIPROXY names no program.");
            var ports = ServerProcess.FreePorts(2);
            var api = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{ports}") };
            var proxy = new Proxy(new HostProcess([program, "-host", "127.0.0.1", "-port", $"{ports}"]), api, new Uri($"http://127.0.0.1:{ports + 1}"));
            await Eventually.TrueAsync("the proxy listens", async () =>
            {
                try
                {
                    using var made = await api.PostAsJsonAsync(new Uri("/proxies", UriKind.Relative), new { name = "p", listen = $"127.0.0.1:{ports + 1}", upstream });
                    return made.IsSuccessStatusCode;
                }
                catch (HttpRequestException e) when (e.InnerException is SocketException)
                {
                    return false;
                }
            });
            return proxy;
        }

        /// <summary>From now on nothing comes back.</summary>
        public async Task SilenceAsync()
        {
            using var answer = await _api.PostAsJsonAsync(Toxics, new { name = "silent", type = "timeout", stream = "downstream", attributes = new { timeout = 0 } });
            answer.EnsureSuccessStatusCode();
        }

        /// <summary>Ends the connections that were silenced; new ones are as before.</summary>
        public async Task CutAsync()
        {
            using var answer = await _api.DeleteAsync(new Uri($"{Toxics}/silent", UriKind.Relative));
            answer.EnsureSuccessStatusCode();
        }

        public async ValueTask DisposeAsync()
        {
            _api.Dispose();
            await _process.DisposeAsync();
        }
    }
}
