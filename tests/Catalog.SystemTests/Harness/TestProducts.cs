using System.Globalization;
using Catalog.V1;
using Google.Type;
using Grpc.Core;

namespace Catalog.SystemTests;

/// <summary>Products and names that no other test has.</summary>
internal static class TestProducts
{
    /// <summary>A word of letters that nothing else holds, too far from any other to be taken for a typo of it.</summary>
    public static string Word()
    {
        Span<char> word = stackalloc char[12];
        foreach (ref var letter in word) letter = (char)('a' + Random.Shared.Next(26));
        return new string(word);
    }

    public static CreateProductRequest Create(string? id = null, string title = "A lamp", Action<Product>? and = null)
    {
        id ??= Word();
        var product = new Product { Sku = $"SKU-{id}", Title = title };
        and?.Invoke(product);
        return new CreateProductRequest { ProductId = id, Product = product, RequestId = Guid.NewGuid().ToString() };
    }

    public static Money Usd(decimal amount) => new() { CurrencyCode = "USD", Units = (long)amount, Nanos = (int)((amount - (long)amount) * 1_000_000_000) };

    public static string Name(string id) => ProductName.Format(id);

    public static ProductCommandService.ProductCommandServiceClient Writes(this ICatalogUnderTest catalog) => new(catalog.Commands);

    public static ProductQueryService.ProductQueryServiceClient Reads(this ICatalogUnderTest catalog) => new(catalog.Queries);

    public static async Task<CommandReceipt> CreatedAsync(this ICatalogUnderTest catalog, string? id = null, string title = "A lamp", Action<Product>? and = null) =>
        await catalog.Writes().CreateProductAsync(Create(id, title, and));

    public static async Task<Product> GetAsync(this ICatalogUnderTest catalog, CommandReceipt receipt) =>
        await catalog.Reads().GetProductAsync(new GetProductRequest { Name = receipt.Name, ConsistencyTokens = { receipt.ConsistencyToken } });

    public static string Number(int number) => number.ToString("00000", CultureInfo.InvariantCulture);
}
