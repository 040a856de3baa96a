using Catalog.V1;
using Grpc.Core;

namespace Catalog.SystemTests;

/// <summary>BatchWriteProducts.</summary>
public abstract class BatchSuite(ICatalogUnderTest catalog)
{
    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task Each_command_of_a_batch_has_its_own_result_in_its_place(Via via)
    {
        var create = TestProducts.Create(and: p => p.StockQuantity = 1);
        var name = TestProducts.Name(create.ProductId);
        var batch = new BatchWriteProductsRequest
        {
            Commands =
            {
                new WriteCommand { Create = create },
                new WriteCommand { AdjustStock = new AdjustStockRequest { Name = name, Delta = -2, Reason = "too many" } },
                new WriteCommand { AdjustStock = new AdjustStockRequest { Name = name, Delta = 2, Reason = "delivered" } },
                new WriteCommand(),
                new WriteCommand { ChangePrice = new ChangePriceRequest { Name = "nothing" } },
                new WriteCommand { ChangePrice = new ChangePriceRequest { Name = name, Price = TestProducts.Usd(1) } },
                new WriteCommand { Update = new UpdateProductRequest { Product = new Product { Name = name, Title = "B", Etag = "stale" } } },
                new WriteCommand { Update = new UpdateProductRequest { Product = new Product { Name = name, Title = "B" } } },
                new WriteCommand { Activate = new ActivateProductRequest { Name = name } },
                new WriteCommand { Discontinue = new DiscontinueProductRequest { Name = name } },
                new WriteCommand { Create = create },
                new WriteCommand { Create = TestProducts.Create(create.ProductId) },
                new WriteCommand { Delete = new DeleteProductRequest { Name = name } },
                new WriteCommand { Delete = new DeleteProductRequest { Name = name } },
            },
        };

        var results = (await catalog.CallAsync(via, batch)).Ok<BatchWriteProductsResponse>().Results;

        Assert.Equal(batch.Commands.Count, results.Count);
        Assert.Equal([1, 0, 2, 0, 0, 3, 0, 4, 5, 6, 1, 0, 7, 0], results.Select(r => r.Receipt?.Version ?? 0));
        Assert.Equal(results[0].Receipt, results[10].Receipt);
        results[1].Error.Is(StatusCode.FailedPrecondition, ErrorReason.InsufficientStock);
        results[3].Error.Is(StatusCode.InvalidArgument, ErrorReason.InvalidRequest);
        results[4].Error.Is(StatusCode.InvalidArgument, ErrorReason.InvalidRequest);
        results[6].Error.Is(StatusCode.Aborted, ErrorReason.EtagMismatch);
        results[11].Error.Is(StatusCode.AlreadyExists, ErrorReason.ProductExists);
        results[13].Error.Is(StatusCode.NotFound, ErrorReason.ProductNotFound);
    }

    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task A_thousand_commands_are_a_batch_and_sent_again_they_are_the_same(Via via)
    {
        var brand = TestProducts.Word();
        var batch = Creates(1000, brand);

        var first = (await catalog.CallAsync(via, batch)).Ok<BatchWriteProductsResponse>();

        Assert.All(first.Results, r => Assert.Equal(1, r.Receipt?.Version));
        Assert.Equal(batch.Commands.Select(c => TestProducts.Name(c.Create.ProductId)), first.Results.Select(r => r.Receipt.Name));
        Assert.Equal(first, (await catalog.CallAsync(via, batch)).Ok<BatchWriteProductsResponse>());
        var search = new SearchProductsRequest { Filter = $"brand = \"{brand}\"", ConsistencyTokens = { first.Results.Select(r => r.Receipt.ConsistencyToken) } };
        Assert.Equal(1000, (await catalog.CallAsync(Via.Grpc, search)).Ok<SearchProductsResponse>().TotalSize);
    }

    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task A_batch_of_none_or_of_more_than_a_thousand_is_refused_as_a_whole(Via via)
    {
        var brand = TestProducts.Word();
        (await catalog.CallAsync(via, new BatchWriteProductsRequest())).FailsAt("commands");
        (await catalog.CallAsync(via, Creates(1001, brand))).FailsAt("commands");
        var marker = await catalog.CreatedAsync();
        var search = new SearchProductsRequest { Filter = $"brand = \"{brand}\"", ConsistencyTokens = { marker.ConsistencyToken } };
        Assert.Equal(0, (await catalog.CallAsync(via, search)).Ok<SearchProductsResponse>().TotalSize);
    }

    private static BatchWriteProductsRequest Creates(int count, string brand) => new()
    {
        Commands = { Enumerable.Range(0, count).Select(i => new WriteCommand { Create = TestProducts.Create($"{brand}-{i}", and: p => p.Brand = brand) }) },
    };
}
