using Catalog.V1;
using Google.Rpc;
using Google.Type;
using Grpc.Core;
using State = Catalog.V1.Product.Types.State;

namespace Catalog.SystemTests;

/// <summary>What is commanded rather than updated: price, stock and state, the same over both faces.</summary>
public abstract class CommerceSuite(ICatalogUnderTest catalog)
{
    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task A_price_is_exact(Via via)
    {
        var created = await catalog.CreatedAsync();
        foreach (var price in new[] { new Money { CurrencyCode = "JPY", Nanos = 1 }, new Money { CurrencyCode = "USD", Units = 9_000_000_000 }, new Money { CurrencyCode = "EUR", Units = 8_999_999_999, Nanos = 999_999_999 } })
        {
            var receipt = (await catalog.CallAsync(via, new ChangePriceRequest { Name = created.Name, Price = price })).Receipt();
            Assert.Equal(price, (await catalog.GetAsync(receipt)).Price);
        }
        (await catalog.CallAsync(via, new ChangePriceRequest { Name = created.Name, Price = new Money { CurrencyCode = "EUR", Units = 9_000_000_000, Nanos = 1 } })).FailsAt("price");
        (await catalog.CallAsync(via, new ChangePriceRequest { Name = created.Name })).FailsAt("price");
    }

    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task Stock_moves_by_deltas_and_stays_between_zero_and_its_limit(Via via)
    {
        var created = await catalog.CreatedAsync(and: p => p.StockQuantity = 10);
        AdjustStockRequest Adjust(long delta) => new() { Name = created.Name, Delta = delta, Reason = "count" };

        Assert.Equal(2, (await catalog.CallAsync(via, Adjust(-10))).Receipt().Version);
        var short_ = (await catalog.CallAsync(via, Adjust(-1))).Fails(StatusCode.FailedPrecondition, ErrorReason.InsufficientStock);
        Assert.Equal(created.Name, short_.Detail<PreconditionFailure>()!.Violations[0].Subject);
        var full = (await catalog.CallAsync(via, Adjust(1_000_000_000_000))).Receipt();
        (await catalog.CallAsync(via, Adjust(1))).Fails(StatusCode.FailedPrecondition, ErrorReason.StockLimit);
        Assert.Equal(1_000_000_000_000, (await catalog.GetAsync(full)).StockQuantity);
        (await catalog.CallAsync(via, new AdjustStockRequest { Name = created.Name })).FailsAt("delta", "reason");
        (await catalog.CallAsync(via, Adjust(long.MinValue))).FailsAt("delta");
    }

    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task A_product_goes_through_its_states_and_no_others(Via via)
    {
        var name = (await catalog.CreatedAsync()).Name;
        var activate = new ActivateProductRequest { Name = name };
        var discontinue = new DiscontinueProductRequest { Name = name };

        (await catalog.CallAsync(via, discontinue)).Fails(StatusCode.FailedPrecondition, ErrorReason.WrongState);
        Assert.Equal(2, (await catalog.CallAsync(via, activate)).Receipt().Version);
        Assert.Equal(2, (await catalog.CallAsync(via, activate)).Receipt().Version);
        Assert.Equal(3, (await catalog.CallAsync(via, discontinue)).Receipt().Version);
        var active = (await catalog.CallAsync(via, activate)).Receipt();
        Assert.Equal(State.Active, (await catalog.GetAsync(active)).State);
        var deleted = (await catalog.CallAsync(via, new DeleteProductRequest { Name = name })).Receipt();
        (await catalog.CallAsync(via, new GetProductRequest { Name = name, ConsistencyTokens = { deleted.ConsistencyToken } })).Fails(StatusCode.NotFound, ErrorReason.ProductNotFound);
    }
}
