using System.Net.Sockets;
using Catalog.V1;

namespace Catalog.SystemTests;

/// <summary>make cluster.</summary>
public sealed class ClusterScriptTests
{
    [Fact]
    public async Task One_terminal_runs_the_three_services_and_Ctrl_C_ends_them_all()
    {
        var (kafka, elasticsearch) = ClusterProcesses.Servers();
        using var data = new TempFolder();
        var (name, port) = ($"t{Guid.NewGuid():n}", ServerProcess.FreePorts(10));
        // A shell that was begun in the background could not be interrupted.
        await using var script = new HostProcess(["env", "--default-signal=INT", "bash", Path.Combine(CatalogProcess.Repository, "tests", "cluster.sh")], new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PORT"] = $"{port}", ["DATA"] = data.Path, ["Kafka__BootstrapServers"] = kafka, ["Kafka__Topic"] = $"{name}.events", ["Kafka__Group"] = name, ["Kafka__ReplicationFactor"] = "1",
            ["Kafka__MinInSyncReplicas"] = "1", ["Elasticsearch__Url"] = elasticsearch, ["Elasticsearch__Alias"] = name, ["Elasticsearch__Replicas"] = "0",
        });
        await Eventually.NothingMissingAsync("it runs", () => Task.FromResult(script.Output.Any(l => l.Contains("Ctrl-C stops it")) ? null : string.Join('\n', script.Output.Concat(script.Errors))), TimeSpan.FromMinutes(3));

        using var commands = CatalogProcess.Connect(At("commands"));
        using var queries = CatalogProcess.Connect(At("queries"));
        var receipt = await new ProductCommandService.ProductCommandServiceClient(commands).CreateProductAsync(TestProducts.Create(title: "A vase"));
        var read = await new ProductQueryService.ProductQueryServiceClient(queries).GetProductAsync(new GetProductRequest { Name = receipt.Name, ConsistencyTokens = { receipt.ConsistencyToken } });
        Assert.Equal(receipt.Version, read.Version);

        // With a gateway, what the README shows of one process is what happens here too; only that searches without a token, as those after its import, see what was written a moment later.
        if (ReadmeSessions.Missing is null && script.Output.Any(l => l.EndsWith("(gRPC, gRPC-Web and REST)", StringComparison.Ordinal)))
        {
            var (readme, truth) = await ReadmeSessions.RunAsync(At("commands"), At("commands"), first: 2);
            Assert.Equal(ReadmeSessions.Normalize(readme), ReadmeSessions.Normalize(truth));
        }

        script.Interrupt();
        Assert.Equal(130, await script.WaitForExitAsync(TimeSpan.FromSeconds(60)));
        for (var i = 0; i < 10; i++)
        {
            using var socket = new TcpClient();
            await Assert.ThrowsAsync<SocketException>(async () => await socket.ConnectAsync("127.0.0.1", port + i));
        }

        Uri At(string role) => new($"http://{script.Output.Single(l => l.TrimStart().StartsWith(role, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]}");
    }
}
