using System.Net;
using Catalog.V1;
using Grpc.Core;

namespace Catalog.SystemTests.Gateway;

/// <summary>What the gateway makes of services that die, hang or cannot be reached.</summary>
public sealed class FaultTests(SharedCatalog shared)
{
    [Fact]
    public async Task Reads_go_on_without_an_error_when_one_of_two_query_services_dies()
    {
        await using var first = new Wire(shared.Catalog.Queries.Target);
        await using var second = new Wire(shared.Catalog.Queries.Target);
        await using var gateway = await GatewayProcess.StartAsync([shared.Catalog.Commands.Target], [first.Address, second.Address]);
        var created = await gateway.CreatedAsync();
        var (reads, ended) = (0, false);
        var readers = Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            while (!Volatile.Read(ref ended))
            {
                await gateway.GetAsync(created);
                Interlocked.Increment(ref reads);
            }
        })).ToList();

        async Task GoOnAsync(int count)
        {
            var until = Volatile.Read(ref reads) + count;
            await Eventually.TrueAsync($"{count} more reads", () => Volatile.Read(ref reads) >= until || readers.Any(r => r.IsFaulted));
        }
        await GoOnAsync(300);
        for (var i = 0; i < 3; i++)
        {
            first.Cut();
            await GoOnAsync(100);
        }
        first.Kill();
        await GoOnAsync(500);
        Volatile.Write(ref ended, true);
        await Task.WhenAll(readers);
        Assert.True(await gateway.StatAsync("cluster.queries.upstream_rq_retry") > 0, "nothing was repeated, so nothing was broken off");
    }

    [Fact]
    public async Task A_command_whose_answer_is_lost_is_not_repeated_and_has_one_effect_when_its_sender_repeats_it()
    {
        await using var wire = new Wire(shared.Catalog.Commands.Target);
        await using var gateway = await GatewayProcess.StartAsync([wire.Address], [shared.Catalog.Queries.Target]);
        var created = await gateway.CreatedAsync();
        var command = new AdjustStockRequest { Name = created.Name, Delta = 1, Reason = "once", RequestId = TestProducts.Word() };

        wire.HoldsAnswers = true;
        var call = gateway.Writes().AdjustStockAsync(command).ResponseAsync;
        await Eventually.TrueAsync("it was committed", async () => (await shared.Catalog.Reads().GetProductAsync(new GetProductRequest { Name = created.Name })).Version == 2);
        wire.Cut();
        (await Assert.ThrowsAsync<RpcException>(() => call)).Is(StatusCode.Unavailable, ErrorReason.ServiceUnavailable);
        Assert.Equal(0, await gateway.StatAsync("cluster.commands.upstream_rq_retry"));

        wire.HoldsAnswers = false;
        wire.Cut();
        CommandReceipt? receipt = null;
        await Eventually.TrueAsync("the service is back", async () =>
        {
            var answer = await gateway.CallAsync(Via.Grpc, command);
            if (answer.Error is not null) answer.Fails(StatusCode.Unavailable, ErrorReason.ServiceUnavailable);
            return (receipt = (CommandReceipt?)answer.Message) is not null;
        });
        Assert.Equal(2, receipt!.Version);
        var next = await gateway.Writes().AdjustStockAsync(new AdjustStockRequest { Name = created.Name, Delta = 1, Reason = "next" });
        Assert.Equal((3L, 2L), (next.Version, (await gateway.GetAsync(next)).StockQuantity));
    }

    [Fact]
    public async Task A_command_that_cannot_have_arrived_goes_to_another_service()
    {
        await using var first = new Wire(shared.Catalog.Commands.Target);
        await using var second = new Wire(shared.Catalog.Commands.Target);
        await using var gateway = await GatewayProcess.StartAsync([first.Address, second.Address], [shared.Catalog.Queries.Target]);
        for (var i = 0; i < 20; i++) await gateway.CreatedAsync();
        first.Kill();
        for (var i = 0; i < 20; i++) await gateway.CreatedAsync();
    }

    [Theory]
    [InlineData(Via.Grpc)]
    [InlineData(Via.Rest)]
    public async Task A_service_that_is_not_there_is_unavailable_with_details(Via via)
    {
        await using var gateway = await GatewayProcess.StartAsync([$"127.0.0.1:{ServerProcess.FreePorts(1)}"], [$"127.0.0.1:{ServerProcess.FreePorts(1)}"]);
        (await gateway.CallAsync(via, TestProducts.Create())).Fails(StatusCode.Unavailable, ErrorReason.ServiceUnavailable);
        (await gateway.CallAsync(via, new GetProductRequest { Name = "products/x" })).Fails(StatusCode.Unavailable, ErrorReason.ServiceUnavailable);
    }

    [Theory]
    [InlineData(Via.Grpc)]
    [InlineData(Via.Rest)]
    public async Task A_service_that_hangs_costs_no_more_than_the_time_that_is_set(Via via)
    {
        await using var wire = new Wire(shared.Catalog.Commands.Target);
        await using var gateway = await GatewayProcess.StartAsync([wire.Address], [shared.Catalog.Queries.Target], new { timeouts = new { command = "0.3s" } });
        wire.HoldsAnswers = true;
        var error = (await gateway.CallAsync(via, TestProducts.Create())).Error;
        Assert.Equal((int)StatusCode.DeadlineExceeded, error?.Code);
        Assert.Equal(0, await gateway.StatAsync("cluster.commands.upstream_rq_retry"));
    }

    [Fact]
    public async Task A_stream_outlives_the_time_that_calls_have()
    {
        await using var gateway = await GatewayProcess.StartAsync(shared.Catalog, new { timeouts = new { query = "0.5s", command = "0.5s", watchIdle = "5s" } });
        using var watch = await Watcher.StartAsync(gateway);
        // Heartbeats, one a second here.
        for (var i = 0; i < 3; i++) await watch.ReadAsync();
        var created = await gateway.CreatedAsync();
        Assert.Single(await watch.TakeAsync(1, e => e.Name == created.Name));
    }

    [Theory]
    [InlineData(Via.Grpc)]
    [InlineData(Via.Rest)]
    public async Task More_calls_at_once_than_a_service_may_get_are_turned_away(Via via)
    {
        await using var gateway = await GatewayProcess.StartAsync(shared.Catalog, new { limits = new { upstreamRequests = 1 } });
        using var watch = await Watcher.StartAsync(gateway);
        var refused = (await gateway.CallAsync(via, new SearchProductsRequest())).Fails(StatusCode.ResourceExhausted, ErrorReason.Overloaded);
        Assert.NotNull(refused.Detail<Google.Rpc.RetryInfo>());
    }
}
