using Catalog.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Catalog.SystemTests;

/// <summary>Commands that are sent again (G4) and commands that meet others (G5), the same over both faces.</summary>
public abstract class RepetitionSuite(ICatalogUnderTest catalog)
{
    [Fact]
    public async Task A_repeated_command_gets_the_same_receipt_whichever_way_it_comes()
    {
        foreach (var command in await EveryCommandAsync("a repetition"))
        {
            var first = (await catalog.CallAsync(Via.Grpc, command)).Receipt();
            Assert.Equal(first, (await catalog.CallAsync(Via.Grpc, command)).Receipt());
            Assert.Equal(first, (await catalog.CallAsync(Via.Rest, command)).Receipt());
        }
    }

    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task A_request_id_is_not_reused_for_another_command(Via via)
    {
        foreach (var command in await EveryCommandAsync("a reuse"))
        {
            var requestId = (string)command.Descriptor.FindFieldByName("request_id").Accessor.GetValue(command);
            (await catalog.CallAsync(via, command)).Receipt();
            var other = new AdjustStockRequest { Name = TestProducts.Name("other"), Delta = 1, Reason = "another command", RequestId = requestId };
            (await catalog.CallAsync(via, other)).Fails(StatusCode.FailedPrecondition, ErrorReason.RequestIdReused);
        }
    }

    [Fact]
    public async Task Attempts_that_overlap_are_one_command()
    {
        var created = await catalog.CreatedAsync();
        var adjust = new AdjustStockRequest { Name = created.Name, Delta = 3, Reason = "sent many times", RequestId = Guid.NewGuid().ToString() };

        var receipts = await Task.WhenAll(Enumerable.Range(0, 40).Select(async i => (await catalog.CallAsync(i % 2 == 0 ? Via.Grpc : Via.Rest, adjust)).Receipt()));

        Assert.All(receipts, r => Assert.Equal(receipts[0], r));
        Assert.Equal(3, (await catalog.GetAsync(receipts[0])).StockQuantity);
    }

    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task A_refusal_is_not_remembered(Via via)
    {
        var created = await catalog.CreatedAsync();
        var take = new AdjustStockRequest { Name = created.Name, Delta = -5, Reason = "sold", RequestId = Guid.NewGuid().ToString() };

        (await catalog.CallAsync(via, take)).Fails(StatusCode.FailedPrecondition, ErrorReason.InsufficientStock);
        (await catalog.CallAsync(via, new AdjustStockRequest { Name = created.Name, Delta = 5, Reason = "delivered" })).Receipt();
        Assert.Equal(3, (await catalog.CallAsync(via, take)).Receipt().Version);
    }

    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task Every_command_with_a_stale_etag_is_aborted(Via via)
    {
        foreach (var command in await EveryCommandAsync("a stale etag"))
        {
            if (!SetEtag(command, "1-00000000")) continue;
            (await catalog.CallAsync(via, command)).Fails(StatusCode.Aborted, ErrorReason.EtagMismatch);
        }
    }

    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task The_current_etag_lets_a_command_through_once(Via via)
    {
        var created = await catalog.CreatedAsync();
        ChangePriceRequest Change(decimal price) => new() { Name = created.Name, Price = TestProducts.Usd(price), Etag = created.Etag };
        Assert.Equal(2, (await catalog.CallAsync(via, Change(1))).Receipt().Version);
        (await catalog.CallAsync(via, Change(2))).Fails(StatusCode.Aborted, ErrorReason.EtagMismatch);
    }

    [Fact]
    public async Task Of_many_writers_with_one_etag_one_wins()
    {
        var created = await catalog.CreatedAsync();
        var answers = await Task.WhenAll(Enumerable.Range(1, 30).Select(i =>
            catalog.CallAsync(i % 2 == 0 ? Via.Grpc : Via.Rest, new ChangePriceRequest { Name = created.Name, Price = TestProducts.Usd(i), Etag = created.Etag })));
        Assert.Single(answers, a => a.Message is not null);
        Assert.All(answers.Where(a => a.Message is null), a => a.Fails(StatusCode.Aborted, ErrorReason.EtagMismatch));
    }

    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task Every_command_to_a_product_that_is_not_there_is_not_found(Via via)
    {
        foreach (var command in await EveryCommandAsync("nobody"))
        {
            if (!SetName(command, TestProducts.Name("nobody-" + TestProducts.Word()))) continue;
            (await catalog.CallAsync(via, command)).Fails(StatusCode.NotFound, ErrorReason.ProductNotFound);
        }
    }

    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task Every_command_to_a_name_that_is_none_is_invalid(Via via)
    {
        foreach (var command in await EveryCommandAsync("no name"))
        {
            if (!SetName(command, TestProducts.Name("No Name!"))) continue;
            (await catalog.CallAsync(via, command)).FailsAt(command is UpdateProductRequest ? "product.name" : "name");
        }
    }

    /// <summary>One of each command, each on a product of its own that is ready for it, and with a request id.</summary>
    private async Task<List<IMessage>> EveryCommandAsync(string reason)
    {
        async Task<string> NameAsync() => (await catalog.CreatedAsync()).Name;
        string Id() => Guid.NewGuid().ToString();
        var active = await NameAsync();
        await catalog.Writes().ActivateProductAsync(new ActivateProductRequest { Name = active });
        return
        [
            TestProducts.Create(and: p => p.Attributes.Add(new Dictionary<string, string>(StringComparer.Ordinal) { ["b"] = "2", ["a"] = "1" })),
            new UpdateProductRequest { Product = new Product { Name = await NameAsync(), Title = reason, Brand = "B" }, RequestId = Id() },
            new ChangePriceRequest { Name = await NameAsync(), Price = TestProducts.Usd(3.5m), RequestId = Id() },
            new AdjustStockRequest { Name = await NameAsync(), Delta = 2, Reason = reason, RequestId = Id() },
            new ActivateProductRequest { Name = await NameAsync(), RequestId = Id() },
            new DiscontinueProductRequest { Name = active, RequestId = Id() },
            new DeleteProductRequest { Name = await NameAsync(), RequestId = Id() },
        ];
    }

    private static bool SetName(IMessage command, string name)
    {
        if (command is UpdateProductRequest update) update.Product.Name = name;
        else if (command.Descriptor.FindFieldByName("name") is { } field) field.Accessor.SetValue(command, name);
        else return false;
        return true;
    }

    private static bool SetEtag(IMessage command, string etag)
    {
        if (command is UpdateProductRequest update) update.Product.Etag = etag;
        else if (command.Descriptor.FindFieldByName("etag") is { } field) field.Accessor.SetValue(command, etag);
        else return false;
        return true;
    }
}
