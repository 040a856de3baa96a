using Catalog.V1;

namespace Catalog.SystemTests;

/// <summary>Products to search among.</summary>
internal static class Shelf
{
    /// <summary>Red lamps in a category of their own, number n at the price n.</summary>
    public static async Task<(string Word, IEnumerable<string> Tokens)> FillAsync(ICatalogUnderTest catalog, int count)
    {
        var word = TestProducts.Word();
        var batch = new BatchWriteProductsRequest();
        for (var i = 1; i <= count; i++)
            batch.Commands.Add(new WriteCommand
            {
                Create = TestProducts.Create($"{word}-{i}", $"Lamp {i % 4}", p =>
                {
                    (p.Brand, p.Price, p.StockQuantity) = (i % 3 == 0 ? "" : $"Brand {i % 3}", TestProducts.Usd(i), i % 5);
                    p.Categories.Add(word);
                    p.Attributes.Add("color", "red");
                }),
            });
        var answer = await catalog.Writes().BatchWriteProductsAsync(batch);
        return (word, answer.Results.Select(r => r.Receipt.ConsistencyToken));
    }
}
