using System.Net;
using Catalog.V1;
using Grpc.Core;

namespace Catalog.SystemTests.Gateway;

/// <summary>Limits of rate.</summary>
public sealed class RateTests(SharedCatalog shared)
{
    [Theory]
    [InlineData(Via.Grpc)]
    [InlineData(Via.Rest)]
    public async Task More_calls_than_the_gateway_takes_are_turned_away_and_told_when_to_come_again(Via via)
    {
        await using var gateway = await GatewayProcess.StartAsync(shared.Catalog, new { rateLimit = new { requestsPerSecond = 1, burst = 5 } });
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => gateway.CallAsync(via, new SearchProductsRequest { PageSize = 1 })));
        Assert.InRange(answers.Count(a => a.Error is null), 5, 15);
        Assert.All(answers.Where(a => a.Error is not null), a => Assert.NotNull(a.Fails(StatusCode.ResourceExhausted, ErrorReason.Overloaded).Detail<Google.Rpc.RetryInfo>()));
        await Eventually.TrueAsync("a call is turned away", async () =>
        {
            using var answer = await gateway.Rest.GetAsync(new Uri("/v1/projectionStatus", UriKind.Relative));
            return answer.StatusCode == HttpStatusCode.TooManyRequests && answer.Headers.RetryAfter?.Delta == TimeSpan.FromSeconds(1);
        });
        // Health is not counted.
        for (var i = 0; i < 20; i++) Assert.Equal(HttpStatusCode.OK, (await gateway.Rest.GetAsync(new Uri("/healthz", UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task One_client_that_calls_too_often_does_not_take_away_from_another()
    {
        await using var gateway = await GatewayProcess.StartAsync(shared.Catalog, new { trustedHops = 1, rateLimit = new { requestsPerSecond = 1000, burst = 1000, perClient = new { requestsPerSecond = 1, burst = 3 } } });
        async Task<StatusCode> CallAsync(string client)
        {
            try
            {
                await gateway.Reads().GetProjectionStatusAsync(new GetProjectionStatusRequest(), new Metadata { { "x-forwarded-for", client } });
                return StatusCode.OK;
            }
            catch (RpcException e)
            {
                return e.Is(StatusCode.ResourceExhausted, ErrorReason.Overloaded).Code == 8 ? StatusCode.ResourceExhausted : StatusCode.Unknown;
            }
        }
        var greedy = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => CallAsync("198.51.100.1")));
        Assert.Contains(StatusCode.ResourceExhausted, greedy);
        Assert.Equal(StatusCode.OK, await CallAsync("198.51.100.2"));
    }
}
