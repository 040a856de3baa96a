using Catalog.V1;
using Google.Protobuf;

namespace Catalog.Bench;

/// <summary>Products to write: the samples, over and over, each time as other products of the same texts.</summary>
internal static class Corpus
{
    private static readonly List<ImportRow> Samples = File.ReadLines(Repository.Samples).Select(JsonParser.Default.Parse<ImportRow>).ToList();

    /// <summary>A request that creates the product of this number.</summary>
    public static CreateProductRequest Create(long number)
    {
        var row = Row(number);
        return new CreateProductRequest
        {
            ProductId = row.ProductId,
            Product = new Product
            {
                Sku = row.Sku, Title = row.Title, Description = row.Description, Brand = row.Brand, Categories = { row.Categories },
                Attributes = { row.Attributes }, Price = row.Price, StockQuantity = row.StockQuantity,
            },
        };
    }

    /// <summary>The file to import, and how many rows it has: Debian's packages if <c>make corpus</c> was run, else the samples multiplied.</summary>
    public static (string Path, int Rows) File60k(string folder)
    {
        if (File.Exists(Repository.Debian)) return (Repository.Debian, File.ReadLines(Repository.Debian).Count());
        const int rows = 60_000;
        var path = Path.Combine(folder, "synthetic.ndjson");
        File.WriteAllLines(path, Enumerable.Range(0, rows).Select(number => JsonFormatter.Default.Format(Row(number))));
        return (path, rows);
    }

    private static ImportRow Row(long number)
    {
        var row = Samples[(int)(number % Samples.Count)].Clone();
        row.ProductId = $"bench-{number}";
        row.Sku = $"BENCH-{number}";
        row.Title = $"{row.Title}, lot {number / Samples.Count}";
        return row;
    }
}
