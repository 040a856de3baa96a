using Catalog.Internal.V1;
using Catalog.V1;
using Grpc.Core;

namespace Catalog.SystemTests;

/// <summary>Read your writes (G6).</summary>
public abstract class TokenSuite(ICatalogUnderTest catalog)
{
    [Fact]
    public async Task Every_read_with_a_token_sees_the_write_also_while_others_write()
    {
        var word = TestProducts.Word();
        await catalog.CreatedAsync(word, $"{word} 0");
        using var ended = new CancellationTokenSource();
        var others = Enumerable.Range(0, 8).Select(_ => WriteAsync(ended.Token)).ToArray();
        var via = Via.Grpc;
        for (var i = 1; i <= 200; i++)
        {
            var title = $"{word} {TestProducts.Number(i)}";
            via = via == Via.Grpc ? Via.Rest : Via.Grpc;
            var receipt = (await catalog.CallAsync(via, new UpdateProductRequest { Product = new Product { Name = TestProducts.Name(word), Title = title } })).Receipt();
            string[] tokens = [receipt.ConsistencyToken];
            var get = catalog.CallAsync(via, new GetProductRequest { Name = receipt.Name, ConsistencyTokens = { tokens } });
            var batchGet = catalog.CallAsync(via, new BatchGetProductsRequest { Names = { receipt.Name }, ConsistencyTokens = { tokens } });
            var search = catalog.CallAsync(via, new SearchProductsRequest { Query = title, ConsistencyTokens = { tokens } });
            var suggest = catalog.CallAsync(via, new SuggestProductsRequest { Query = title, ConsistencyTokens = { tokens } });
            Assert.Equal(title, (await get).Ok<Product>().Title);
            Assert.Equal(title, (await batchGet).Ok<BatchGetProductsResponse>().Products[0].Title);
            Assert.Equal(title, Assert.Single((await search).Ok<SearchProductsResponse>().Results).Product.Title);
            Assert.Equal(title, Assert.Single((await suggest).Ok<SuggestProductsResponse>().Suggestions).Title);
        }
        await ended.CancelAsync();
        await Task.WhenAll(others);
    }

    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task Several_tokens_ask_for_all_of_their_writes(Via via)
    {
        var receipts = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => catalog.CreatedAsync()));
        var answer = (await catalog.CallAsync(via, new BatchGetProductsRequest { Names = { receipts.Select(r => r.Name) }, ConsistencyTokens = { receipts.Select(r => r.ConsistencyToken) } })).Ok<BatchGetProductsResponse>();
        Assert.Empty(answer.Missing);
        Assert.Equal(20, answer.Products.Count);
    }

    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task A_write_that_does_not_arrive_is_not_waited_for_without_end(Via via)
    {
        var created = await catalog.CreatedAsync();
        OpaqueText.TryDecode(created.ConsistencyToken, ConsistencyToken.Parser, out var token);
        token!.Writes[0].Version = 99;
        var get = new GetProductRequest { Name = created.Name, ConsistencyTokens = { OpaqueText.Encode(token) } };
        (await catalog.CallAsync(via, get)).Fails(StatusCode.Unavailable, ErrorReason.ReadNotCaughtUp);
        var late = await Assert.ThrowsAsync<RpcException>(async () => await catalog.Reads().GetProductAsync(get, deadline: DateTime.UtcNow.AddMilliseconds(200)));
        Assert.Equal(StatusCode.DeadlineExceeded, late.StatusCode);
    }

    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task A_token_of_another_catalog_is_refused(Via via)
    {
        var created = await catalog.CreatedAsync();
        OpaqueText.TryDecode(created.ConsistencyToken, ConsistencyToken.Parser, out var token);
        token!.LogId = "another";
        (await catalog.CallAsync(via, new GetProductRequest { Name = created.Name, ConsistencyTokens = { OpaqueText.Encode(token) } }))
            .Fails(StatusCode.FailedPrecondition, ErrorReason.TokenOfAnotherLog);
    }

    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task A_damaged_token_is_refused(Via via)
    {
        var created = await catalog.CreatedAsync();
        foreach (var damaged in new[] { "x", "%", created.ConsistencyToken[..^1], "A" + created.ConsistencyToken, new string('A', 5000) })
            (await catalog.CallAsync(via, new GetProductRequest { Name = created.Name, ConsistencyTokens = { damaged } })).FailsAt("consistency_tokens[0]");
    }

    private async Task WriteAsync(CancellationToken ended)
    {
        var name = (await catalog.CreatedAsync()).Name;
        while (!ended.IsCancellationRequested) await catalog.Writes().AdjustStockAsync(new AdjustStockRequest { Name = name, Delta = 1, Reason = "load" });
    }
}
