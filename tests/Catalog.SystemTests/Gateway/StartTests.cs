using Catalog.V1;

namespace Catalog.SystemTests.Gateway;

/// <summary>What a gateway pod says of itself while its services come and go. Started is asked at its start only.</summary>
public sealed class StartTests(SharedCatalog shared)
{
    [Fact]
    public async Task It_has_started_once_it_has_found_both_services_and_stays_ready_when_one_is_lost()
    {
        await using var wire = new Wire(shared.Catalog.Queries.Target);
        wire.HoldsAnswers = true;
        await using var gateway = await GatewayProcess.StartAsync([shared.Catalog.Commands.Target], [wire.Address]);
        Assert.Equal((503, 200, 200), (await AskAsync(gateway, "started"), await AskAsync(gateway, "ready"), await AskAsync(gateway, "live")));

        wire.HoldsAnswers = false;
        wire.Cut();
        await Eventually.TrueAsync("it has started", async () => await AskAsync(gateway, "started") == 200);
        Assert.Null((await gateway.CallAsync(Via.Grpc, new SearchProductsRequest())).Error);
        Assert.Null((await gateway.CallAsync(Via.Grpc, TestProducts.Create())).Error);

        wire.Kill();
        await Eventually.TrueAsync("it has lost the query service", async () => await AskAsync(gateway, "started") == 503);
        Assert.Equal((200, 200), (await AskAsync(gateway, "ready"), await AskAsync(gateway, "live")));
    }

    [Fact]
    public async Task It_starts_without_a_service_that_does_not_come()
    {
        await using var gateway = await GatewayProcess.StartAsync([shared.Catalog.Commands.Target], [$"127.0.0.1:{ServerProcess.FreePorts(1)}"]);
        Assert.Equal(503, await AskAsync(gateway, "started?patience=3600"));
        await Eventually.TrueAsync("it has waited long enough", async () => await AskAsync(gateway, "started?patience=3") == 200);
        Assert.Null((await gateway.CallAsync(Via.Grpc, TestProducts.Create())).Error);
    }

    private static async Task<int> AskAsync(GatewayProcess gateway, string what)
    {
        using var answer = await gateway.Rest.GetAsync(new Uri(gateway.Probes, $"/healthz/{what}"));
        return (int)answer.StatusCode;
    }
}
