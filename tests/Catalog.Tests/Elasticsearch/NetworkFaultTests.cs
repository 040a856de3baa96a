using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using Catalog.Projections;
using Catalog.Queries;
using Catalog.V1;

namespace Catalog.Tests.Elasticsearch;

/// <summary>A network that comes and goes between the catalog and the real Elasticsearch.</summary>
public sealed class NetworkFaultTests : IAsyncLifetime
{
    private readonly HttpClient _http = new();
    private readonly int _control = FreePort(), _port = FreePort();
    private Process? _toxiproxy;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var program = Environment.GetEnvironmentVariable("TEST_TOXIPROXY");
        Assert.SkipUnless(program is not null, "Needs toxiproxy: set TEST_TOXIPROXY to the program.");
        Assert.SkipUnless(TestElasticsearch.Url is not null, "Needs an Elasticsearch: set TEST_ELASTICSEARCH to its address.");
        _toxiproxy = Process.Start(new ProcessStartInfo(program, ["-host", "127.0.0.1", "-port", $"{_control}"])
        {
            UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        _toxiproxy.OutputDataReceived += static (_, _) => { };
        _toxiproxy.ErrorDataReceived += static (_, _) => { };
        _toxiproxy.BeginOutputReadLine();
        _toxiproxy.BeginErrorReadLine();
        for (var deadline = DateTime.UtcNow.AddSeconds(30); ; await Task.Yield())
        {
            try
            {
                await ControlAsync("proxies", new { name = "elasticsearch", listen = $"127.0.0.1:{_port}", upstream = new Uri(TestElasticsearch.Url!).Authority, enabled = true });
                return;
            }
            catch (HttpRequestException) when (DateTime.UtcNow < deadline)
            {
                // Not up yet.
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (_toxiproxy is null) return;
        _toxiproxy.Kill();
        await _toxiproxy.WaitForExitAsync(CancellationToken.None);
        _toxiproxy.Dispose();
    }

    [Fact]
    public async Task What_is_written_again_after_every_cut_is_all_there_in_its_newest_version()
    {
        await using var catalog = TestElasticsearch.Start(options => options.Url = $"http://127.0.0.1:{_port}");
        var index = await catalog.BuildAsync("log-1", Cancellation);
        using var done = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var cuts = Task.Run(() => CutAsync(done.Token), Cancellation);
        for (var version = 1; version <= 15; version++)
            await WriteAsync(index, [.. Enumerable.Range(0, 300).Select(i =>
                new Product { Name = $"products/p{i}", Title = $"lamp{version}", Description = new string('x', 2000), Version = version })]);
        await done.CancelAsync();
        Assert.True(await cuts > 0);

        using var reader = await catalog.Index.OpenAsync(Cancellation);
        Assert.All(await reader.GetVersionsAsync([.. Enumerable.Range(0, 300).Select(i => $"p{i}")], Cancellation), version => Assert.Equal(15, version));
        await reader.MakeSearchableAsync(Cancellation);
        Assert.Equal(300, (await reader.SearchAsync(Index.ProductIndexContract.Plan("lamp15"), Cancellation)).Total);
    }

    [Fact]
    public async Task While_the_network_is_gone_reads_fail_as_unavailable_and_then_go_on()
    {
        await using var catalog = TestElasticsearch.Start(options => options.Url = $"http://127.0.0.1:{_port}");
        var index = await catalog.BuildAsync("log-1", Cancellation);
        await index.WriteAsync([new Product { Name = "products/p", Title = "lamp", Version = 1 }], Cancellation);
        using var reader = await catalog.Index.OpenAsync(Cancellation);
        await ControlAsync("proxies/elasticsearch", new { enabled = false });
        foreach (var read in (Func<Task>[])
            [
                async () => await reader.GetAsync(["p"], Cancellation), async () => await reader.MakeSearchableAsync(Cancellation),
                async () => await catalog.Index.OpenAsync(Cancellation), async () => await catalog.Index.GetStatusAsync(Cancellation),
                async () => await catalog.Indices.GetCurrentAsync(Cancellation), async () => await index.WriteAsync([new Product { Name = "products/q", Version = 1 }], Cancellation),
            ])
            Assert.Equal(ErrorReason.IndexUnavailable, (await Assert.ThrowsAsync<IndexUnavailableException>(read)).Reason);
        Assert.False(await catalog.IsReachedAsync(Cancellation));

        await ControlAsync("proxies/elasticsearch", new { enabled = true });
        Assert.True(await catalog.IsReachedAsync(Cancellation));
        Assert.Equal("lamp", (await reader.GetAsync(["p"], Cancellation))[0]?.Title);
    }

    private static async Task WriteAsync(IIndexWriter index, IReadOnlyList<Product> products)
    {
        while (true)
        {
            try
            {
                Assert.Empty((await index.WriteAsync(products, Cancellation)).Rejected);
                return;
            }
            catch (IndexUnavailableException)
            {
                // As every caller does.
            }
        }
    }

    private async Task<int> CutAsync(CancellationToken done)
    {
        for (var cuts = 0; ; cuts++)
        {
            // Closed in the middle of a request, or of an answer, as chance has it.
            await ControlAsync("proxies/elasticsearch", new { enabled = false });
            await ControlAsync("proxies/elasticsearch", new { enabled = true });
            if (done.IsCancellationRequested) return cuts;
            await Task.Delay(Random.Shared.Next(20, 200), CancellationToken.None);
        }
    }

    private async Task ControlAsync(string path, object body)
    {
        using var response = await _http.PostAsJsonAsync(new Uri($"http://127.0.0.1:{_control}/{path}"), body, CancellationToken.None);
        response.EnsureSuccessStatusCode();
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
