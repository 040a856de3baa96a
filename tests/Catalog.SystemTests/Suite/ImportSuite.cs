using Catalog.V1;
using Grpc.Core;
using Outcome = Catalog.V1.ImportRowResult.Types.Outcome;
using State = Catalog.V1.Product.Types.State;

namespace Catalog.SystemTests;

/// <summary>ImportProducts.</summary>
public abstract class ImportSuite(ICatalogUnderTest catalog)
{
    [Fact]
    public async Task Each_row_is_created_updated_unchanged_or_failed()
    {
        var word = TestProducts.Word();
        await catalog.CreatedAsync($"{word}-by-id", "Old", p => p.Brand = "gone");
        await catalog.CreatedAsync($"{word}-by-sku", "Same", p => p.Sku = $"{word}-S");
        var deleted = await catalog.CreatedAsync($"{word}-deleted");
        await catalog.Writes().DeleteProductAsync(new DeleteProductRequest { Name = deleted.Name });
        ImportRow[] rows =
        [
            new() { Row = 10, ProductId = $"{word}-new", Sku = $"{word}-N", Title = "New", State = State.Active, Price = TestProducts.Usd(2), StockQuantity = 4 },
            new() { Row = 20, ProductId = $"{word}-by-id", Sku = $"SKU-{word}-by-id", Title = "Changed" },
            new() { Row = 30, Sku = $"{word}-S", Title = "Same" },
            new() { Row = 40, Sku = $"{word}-no-id", Title = "New without an id" },
            new() { Row = 50, ProductId = $"{word}-deleted", Sku = $"{word}-D", Title = "Deleted" },
            new() { Row = 60, ProductId = $"{word}-taken", Sku = $"{word}-S", Title = "The SKU of another" },
            new() { Row = 70, Sku = "not a sku", Title = "" },
        ];

        var answers = await ImportAsync([rows]);

        var results = answers.SelectMany(a => a.Results).ToList();
        Assert.Equal(rows.Select(r => r.Row), results.Select(r => r.Row));
        Assert.Equal([Outcome.Created, Outcome.Updated, Outcome.Unchanged, Outcome.Created, Outcome.Failed, Outcome.Failed, Outcome.Failed], results.Select(r => r.Outcome));
        results[4].Error.Is(StatusCode.AlreadyExists, ErrorReason.ProductDeleted);
        results[5].Error.Is(StatusCode.AlreadyExists, ErrorReason.SkuTaken);
        results[6].Error.Is(StatusCode.InvalidArgument, ErrorReason.InvalidRequest);
        var progress = answers[^1].Progress;
        Assert.Equal((2L, 1L, 1L, 3L), (progress.Created, progress.Updated, progress.Unchanged, progress.Failed));
        var read = await catalog.Reads().BatchGetProductsAsync(new BatchGetProductsRequest
        {
            Names = { TestProducts.Name($"{word}-new"), TestProducts.Name($"{word}-by-id") }, ConsistencyTokens = { progress.ConsistencyToken },
        });
        Assert.Equal((State.Active, 4L, "New"), (read.Products[0].State, read.Products[0].StockQuantity, read.Products[0].Title));
        Assert.Equal(("Changed", "", 2L), (read.Products[1].Title, read.Products[1].Brand, read.Products[1].Version));
    }

    [Fact]
    public async Task An_import_that_broke_off_is_resumed_by_running_it_again()
    {
        var brand = TestProducts.Word();
        var messages = Enumerable.Range(0, 20).Select(m => Enumerable.Range(0, 100).Select(i => Row(brand, m * 100 + i)).ToArray()).ToList();

        using (var broken = catalog.Writes().ImportProducts())
        {
            foreach (var rows in messages[..8]) await broken.RequestStream.WriteAsync(new ImportProductsRequest { Rows = { rows } });
            Assert.True(await broken.ResponseStream.MoveNext(CancellationToken.None));
            Assert.Equal(100, broken.ResponseStream.Current.Progress.Created);
        }
        var again = await ImportAsync(messages);
        var once_more = await ImportAsync(messages);

        var (second, third) = (again[^1].Progress, once_more[^1].Progress);
        Assert.Equal(2000, second.Created + second.Unchanged);
        Assert.True(second.Unchanged >= 100, "the rows that were answered are there");
        Assert.Equal((0L, 2000L, 0L), (third.Created, third.Unchanged, third.Updated));
        Assert.Equal("", once_more[^1].Progress.ConsistencyToken);
        var found = await catalog.Reads().SearchProductsAsync(new SearchProductsRequest { Filter = $"brand = \"{brand}\"", ConsistencyTokens = { again.Select(a => a.Progress.ConsistencyToken).Where(t => t != "").Take(1) } });
        await Eventually.TrueAsync("all rows are found", async () =>
            (await catalog.Reads().SearchProductsAsync(new SearchProductsRequest { Filter = $"brand = \"{brand}\"" })).TotalSize == 2000);
        Assert.True(found.TotalSize >= 100);
    }

    [Fact]
    public async Task A_message_holds_at_most_a_thousand_rows()
    {
        var brand = TestProducts.Word();
        var refused = await Assert.ThrowsAsync<RpcException>(() => ImportAsync([Enumerable.Range(0, 1001).Select(i => Row(brand, i)).ToArray()]));
        refused.Is(StatusCode.InvalidArgument, ErrorReason.InvalidRequest);
    }

    [Fact]
    public async Task A_message_beyond_4_MiB_is_refused_and_those_before_it_stay()
    {
        var brand = TestProducts.Word();
        var large = Enumerable.Range(1, 70).Select(i => Row(brand, i)).ToArray();
        foreach (var row in large) row.Description = new string('d', 64 * 1024);
        using var import = catalog.Writes().ImportProducts();
        await import.RequestStream.WriteAsync(new ImportProductsRequest { Rows = { Row(brand, 0) } });
        Assert.True(await import.ResponseStream.MoveNext(CancellationToken.None));
        var token = import.ResponseStream.Current.Progress.ConsistencyToken;
        await SendAsync(import, large);
        (await Assert.ThrowsAsync<RpcException>(() => import.ResponseStream.MoveNext(CancellationToken.None))).Is(StatusCode.ResourceExhausted, ErrorReason.MessageTooLarge);
        var found = await catalog.Reads().SearchProductsAsync(new SearchProductsRequest { Filter = $"brand = \"{brand}\"", ConsistencyTokens = { token } });
        Assert.Equal(1, found.TotalSize);
    }

    [Fact]
    public async Task An_import_of_nothing_ends_well() => Assert.Empty(await ImportAsync([]));

    private static ImportRow Row(string brand, int number) => new() { Row = number, Sku = $"{brand}-{number}", Title = "An imported row", Brand = brand };

    private async Task<List<ImportProductsResponse>> ImportAsync(IEnumerable<ImportRow[]> messages)
    {
        using var import = catalog.Writes().ImportProducts(deadline: DateTime.UtcNow + Eventually.Patience);
        var answers = new List<ImportProductsResponse>();
        var reading = Task.Run(async () =>
        {
            await foreach (var answer in import.ResponseStream.ReadAllAsync()) answers.Add(answer);
        });
        foreach (var rows in messages)
            if (!await SendAsync(import, rows)) break;
        await import.RequestStream.CompleteAsync();
        await reading;
        return answers;
    }

    /// <summary>Sends rows; false if the service ended the call, of which the reader hears the reason.</summary>
    private static async Task<bool> SendAsync(AsyncDuplexStreamingCall<ImportProductsRequest, ImportProductsResponse> import, ImportRow[] rows)
    {
        try
        {
            await import.RequestStream.WriteAsync(new ImportProductsRequest { Rows = { rows } });
            return true;
        }
        catch (Exception e) when (e is RpcException or InvalidOperationException)
        {
            return false;
        }
    }
}
