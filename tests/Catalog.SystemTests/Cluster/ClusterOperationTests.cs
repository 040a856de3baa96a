using Catalog.V1;
using Grpc.Core;

namespace Catalog.SystemTests;

/// <summary>What an operator does to the distributed shape, and what it does by itself.</summary>
public sealed class ClusterOperationTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task After_a_restore_nothing_of_the_lost_future_survives(bool online)
    {
        await using var cluster = await StartAsync();
        Assert.SkipUnless(cluster.Settings.ContainsKey("CommandDatabase__Path"), "How a SQL Server is restored, is not for a test to decide.");
        var kept = await cluster.CreatedAsync();
        var backup = cluster.Folder.File("backup.db");
        var (code, output) = await cluster.RunAsync("CommandService", "backup", backup);
        Assert.True(code == 0, output);
        var (lostTitle, lost) = (TestProducts.Word(), TestProducts.Word());
        var updated = await cluster.Writes().UpdateProductAsync(new UpdateProductRequest { Product = new Product { Name = kept.Name, Title = lostTitle } });
        var created = await cluster.CreatedAsync(lost, lost);
        await ReadsAsync(cluster, created);
        var position = (await cluster.Reads().GetProjectionStatusAsync(new GetProjectionStatusRequest())).WatchPosition;

        if (!online)
        {
            await cluster.Command.StopAsync();
            cluster.Folder.Restore(backup);
            await cluster.ReplaceAsync(command: cluster.Begin("CommandService"));
        }
        (code, output) = online ? await cluster.RunAsync("CommandService", "restore", backup) : await cluster.RunAsync("CommandService", "restored");
        Assert.True(code == 0, output);

        // What is written after the restore has versions that were there before, and is seen all the same.
        var after = await cluster.Writes().UpdateProductAsync(new UpdateProductRequest { Product = new Product { Name = kept.Name, Title = "after" } });
        Assert.Equal(updated.Version, after.Version);
        Assert.Equal("after", (await ReadsAsync(cluster, after)).Title);
        Assert.Empty((await cluster.Reads().SearchProductsAsync(new SearchProductsRequest { Query = lost })).Results);
        Assert.Empty((await cluster.Reads().SearchProductsAsync(new SearchProductsRequest { Query = lostTitle })).Results);
        (await Assert.ThrowsAsync<RpcException>(() => ReadsAsync(cluster, created))).Is(StatusCode.FailedPrecondition, ErrorReason.TokenOfAnotherLog);
        using var watch = await Watcher.StartAsync(cluster, position);
        (await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (true) await watch.ReadAsync();
        })).Is(StatusCode.OutOfRange, ErrorReason.PositionExpired);
    }

    [Fact]
    public async Task What_is_no_event_is_set_aside_counted_and_kept_and_everything_else_flows_on()
    {
        var tool = Environment.GetEnvironmentVariable("TEST_KAFKA_TOOL");
        Assert.SkipWhen(string.IsNullOrEmpty(tool), "TEST_KAFKA_TOOL names no program.");
        await using var cluster = await StartAsync();
        var (code, output) = await HostProcess.RunAsync([tool, "kafka-producer-perf-test", "--topic", cluster.Settings["Kafka__Topic"], "--num-records", "3", "--record-size", "20", "--throughput", "-1",
            "--producer-props", $"bootstrap.servers={cluster.Settings["Kafka__BootstrapServers"]}"]);
        Assert.True(code == 0, output);

        var created = await cluster.CreatedAsync();
        await ReadsAsync(cluster, created);
        await Eventually.TrueAsync("they are counted", async () => (await cluster.Reads().GetProjectionStatusAsync(new GetProjectionStatusRequest())).DeadLetters == 3);
        (code, output) = await cluster.RunAsync("Projector", "replay-dead-letters");
        Assert.Equal(1, code);
        Assert.Contains("0 dead letters were replayed, 3 are left.", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_event_that_the_broker_refuses_is_set_aside_the_others_go_on_and_one_verb_publishes_it_later()
    {
        var tool = Environment.GetEnvironmentVariable("TEST_KAFKA_TOOL");
        Assert.SkipWhen(string.IsNullOrEmpty(tool), "TEST_KAFKA_TOOL names no program.");
        await using var cluster = await StartAsync();
        await LimitAsync(4096);
        CommandReceipt large = null!;
        // The broker takes a moment to go by its new limit.
        await Eventually.TrueAsync("one is set aside", async () =>
        {
            large = await cluster.Writes().CreateProductAsync(TestProducts.Create(TestProducts.Word(), "Large", p => p.Description = string.Concat(Enumerable.Range(0, 3000).Select(i => $"{i * 7919} "))));
            await ReadsAsync(cluster, await cluster.CreatedAsync());
            var (code, output) = await cluster.RunAsync("CommandService", "replay-dead-events");
            Assert.Contains("0 dead events were published", output, StringComparison.Ordinal);
            return code == 1;
        }, TimeSpan.FromMinutes(1));
        await LimitAsync(1_000_000);
        await Eventually.TrueAsync("all are published", async () => (await cluster.RunAsync("CommandService", "replay-dead-events")).Output.Contains(" dead events were published, 0 are left.", StringComparison.Ordinal), TimeSpan.FromMinutes(1));
        await ReadsAsync(cluster, large);

        async Task LimitAsync(int bytes)
        {
            var (code, output) = await HostProcess.RunAsync([tool, "kafka-configs", "--bootstrap-server", cluster.Settings["Kafka__BootstrapServers"], "--alter", "--entity-type", "topics",
                "--entity-name", cluster.Settings["Kafka__Topic"], "--add-config", $"max.message.bytes={bytes}"]);
            Assert.True(code == 0, output);
        }
    }

    [Fact]
    public async Task Hosts_start_before_their_servers_and_are_ready_once_those_are_there()
    {
        ServerProcess.SkipWithoutPrograms();
        using var folder = new TempFolder();
        var (kafkaPort, elasticsearchPort) = (ServerProcess.FreePorts(2), ServerProcess.FreePorts(2));
        await using var cluster = ClusterProcesses.BeginWithoutServers($"127.0.0.1:{kafkaPort}", $"http://127.0.0.1:{elasticsearchPort}");
        var (command, query) = (await cluster.Command.ListeningAsync(), await cluster.Query.ListeningAsync());
        using var http = new HttpClient();
        // Commands need no more than their database, which is there.
        Assert.Equal(0, (await cluster.RunAsync("CommandService", "migrate")).Code);
        await ClusterProcesses.ReadyAsync(command.Http, cluster.Command);
        using (var answer = await http.GetAsync(new Uri(query.Http, "/healthz/ready"))) Assert.Equal(503, (int)answer.StatusCode);
        Assert.Equal("live\n", await http.GetStringAsync(new Uri(query.Http, "/healthz/live")));
        using var commands = CatalogProcess.Connect(command.Grpc);
        var receipt = await new ProductCommandService.ProductCommandServiceClient(commands).CreateProductAsync(TestProducts.Create(TestProducts.Word(), "Early"));

        await using var kafka = ServerProcess.Kafka(kafkaPort, folder.File("kafka"));
        await using var elasticsearch = ServerProcess.Elasticsearch(elasticsearchPort, folder.File("elasticsearch"));
        await Task.WhenAll(kafka.ReadyAsync(), elasticsearch.ReadyAsync());
        await cluster.InstallAsync();
        await cluster.ReplaceAsync();
        Assert.Equal("Early", (await ReadsAsync(cluster, receipt)).Title);
        foreach (var process in new[] { cluster.Command, cluster.Projector, cluster.Query }) await process.StopAsync();
    }

    [Fact]
    public async Task While_projectors_are_replaced_one_by_one_every_read_sees_the_write_before_it()
    {
        await using var cluster = await StartAsync();
        var over = false;
        var reading = Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            while (!Volatile.Read(ref over)) await ReadsAsync(cluster, await cluster.CreatedAsync());
        })).ToArray();
        Queue<HostProcess> projectors = new([cluster.Projector]);
        await BeginAsync();
        for (var replaced = 0; replaced < 3; replaced++)
        {
            await BeginAsync();
            await projectors.Dequeue().StopAsync();
        }
        await ReadsAsync(cluster, await cluster.CreatedAsync());
        Volatile.Write(ref over, true);
        await Task.WhenAll(reading);

        // Until it has its share: in a rollout there are some seconds before the old one leaves.
        async Task BeginAsync()
        {
            var projector = cluster.Begin("Projector");
            await Eventually.TrueAsync("it has its share", () => projector.Output.Any(line => line.Contains("\"Held\":", StringComparison.Ordinal) && !line.Contains("\"Held\":0", StringComparison.Ordinal)));
            projectors.Enqueue(projector);
        }
    }

    [Theory]
    [InlineData("CommandService", "CommandDatabase__Provider", "Oracle", "CommandDatabase:Provider must be SqlServer or Sqlite")]
    [InlineData("CommandService", "Relay__FallbackAfter", "00:00:00", "Relay:FallbackAfter must be at least 1 second.")]
    [InlineData("Projector", "Kafka__BootstrapServers", "", "Kafka:BootstrapServers")]
    [InlineData("QueryService", "Elasticsearch__Url", "nonsense", "Elasticsearch:Url")]
    [InlineData("QueryService", "Queries__MaxTokenWait", "banana", "Queries:MaxTokenWait must be a time such as 00:00:05, not \"banana\".")]
    [InlineData("QueryService", "Queries__MaxWatcher", "9", "Queries:MaxWatcher is no setting of this process; those of Queries are MaxConcurrentLookups, ")]
    [InlineData("CommandService", "CommandDatabase__Shared", "true", "CommandDatabase:Shared is no setting of this process")]
    [InlineData("QueryService", "Queries__MaxWatchers", "0", "Queries:MaxWatchers must be between 1 and 100,000.")]
    public async Task A_setting_that_is_wrong_is_said_in_one_line(string host, string setting, string value, string said)
    {
        await using var cluster = ClusterProcesses.WithoutProcesses("127.0.0.1:1", "http://127.0.0.1:1", new Dictionary<string, string>(StringComparer.Ordinal) { [setting] = value });
        var (code, output) = await cluster.RunAsync(host);
        Assert.Equal(1, code);
        Assert.Contains(said, Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    private static async Task<ClusterProcesses> StartAsync()
    {
        var (kafka, elasticsearch) = ClusterProcesses.Servers();
        return await ClusterProcesses.StartAsync(kafka, elasticsearch);
    }

    private static async Task<Product> ReadsAsync(ICatalogUnderTest catalog, CommandReceipt receipt) =>
        await catalog.Reads().GetProductAsync(new GetProductRequest { Name = receipt.Name, ConsistencyTokens = { receipt.ConsistencyToken } });
}
