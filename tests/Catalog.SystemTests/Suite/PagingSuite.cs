using Catalog.V1;

namespace Catalog.SystemTests;

/// <summary>Paging, and pages that would be too large, the same over both faces.</summary>
public abstract class PagingSuite(ICatalogUnderTest catalog)
{
    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task Pages_hold_every_product_once_and_in_order(Via via)
    {
        var shelf = await Shelf.FillAsync(catalog, 23);
        foreach (var order in new[] { "", "price desc", "title, price", "sku desc", "brand", "stock_quantity", "create_time desc", "update_time", "name desc" })
        {
            var request = new SearchProductsRequest { Filter = $"categories:\"{shelf.Word}\"", OrderBy = order, PageSize = 5, ConsistencyTokens = { shelf.Tokens } };
            List<Product> seen = [];
            do
            {
                var page = await SearchAsync(via, request);
                Assert.True(page.Results.Count is > 0 and <= 5);
                Assert.Equal(23, page.TotalSize);
                seen.AddRange(page.Results.Select(r => r.Product));
                request.PageToken = page.NextPageToken;
            }
            while (request.PageToken.Length > 0);
            Assert.Equal(23, seen.DistinctBy(p => p.Name).Count());
            Assert.Equal(23, seen.Count);
            if (order == "price desc") Assert.Equal(seen.OrderByDescending(p => p.Price.Units).Select(p => p.Price.Units), seen.Select(p => p.Price.Units));
            if (order == "") Assert.Equal(seen.Select(p => p.Name).Order(StringComparer.Ordinal), seen.Select(p => p.Name));
        }
    }

    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task A_page_token_belongs_to_its_query(Via via)
    {
        var shelf = await Shelf.FillAsync(catalog, 3);
        var request = new SearchProductsRequest { Filter = $"categories:\"{shelf.Word}\"", PageSize = 1, ConsistencyTokens = { shelf.Tokens } };
        request.PageToken = (await SearchAsync(via, request)).NextPageToken;
        var other = request.Clone();
        other.OrderBy = "price";
        (await catalog.CallAsync(via, other)).FailsAt("page_token");
        var damaged = request.Clone();
        damaged.PageToken = damaged.PageToken[..^3] + "AAA";
        (await catalog.CallAsync(via, damaged)).FailsAt("page_token");
    }

    [Fact]
    public async Task A_page_that_would_be_larger_than_a_message_is_shorter()
    {
        const int Count = 80;
        var word = TestProducts.Word();
        // Values of 1 KB, each in one product alone, so that the facets take more than a megabyte of their own.
        var keys = Enumerable.Range(0, 13).Select(i => $"{word}{i}").ToList();
        void Large(Product product)
        {
            (product.Brand, product.Description) = (word, new string('d', 65_000));
            foreach (var key in keys) product.Attributes.Add(key, product.Sku + new string('v', 1_000));
        }
        List<string> names = [];
        foreach (var some in Enumerable.Range(0, Count).Chunk(40))
        {
            var batch = new BatchWriteProductsRequest { Commands = { some.Select(i => new WriteCommand { Create = TestProducts.Create($"{word}-{i}", and: Large) }) } };
            names.AddRange((await catalog.Writes().BatchWriteProductsAsync(batch)).Results.Select(r => r.Receipt.Name));
        }
        var request = new SearchProductsRequest { Filter = $"brand = \"{word}\"", PageSize = 100, FacetLimit = 100, Facets = { keys.Select(k => $"attributes.{k}") } };
        await Eventually.TrueAsync("all are found", async () => (await SearchAsync(Via.Grpc, request)).TotalSize == Count);
        List<string> seen = [];
        do
        {
            var page = await SearchAsync(Via.Grpc, request);
            Assert.InRange(page.CalculateSize(), 1, 4 * 1024 * 1024);
            Assert.All(page.Facets, f => Assert.Equal(Count, f.Values.Count));
            seen.AddRange(page.Results.Select(r => r.Product.Name));
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
        Assert.Equal(names.Order(StringComparer.Ordinal), seen);
        (await catalog.CallAsync(Via.Grpc, new BatchGetProductsRequest { Names = { names } })).FailsAt("names");
    }

    private async Task<SearchProductsResponse> SearchAsync(Via via, SearchProductsRequest request) => (await catalog.CallAsync(via, request)).Ok<SearchProductsResponse>();
}
