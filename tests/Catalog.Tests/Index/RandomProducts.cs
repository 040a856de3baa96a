using Catalog.V1;
using CsCheck;
using Google.Protobuf.WellKnownTypes;
using Google.Type;

namespace Catalog.Tests.Index;

/// <summary>Products out of few words and values, so that they meet in searches, and with everything that a product may lack.</summary>
internal static class RandomProducts
{
    private static readonly string[] Words =
    [
        "drill", "drills", "dril", "Drill", "dirll", "hammer", "Hämmer", "hamer", "screwdriver", "screwdirver", "scredriver", "usb", "USB", "a", "ab", "abc",
        "ČAJ", "čaj", "caj", "12", "M8",
        "ost", "öst", "straße", "磁石", "磁", "наушники", "𝒳𝒴", "e\u0301tude", "étude", "under_score", "x-ray", "C++", "it's",
    ];

    private static readonly string[] Brands = ["Acme", "acme", "ACME GmbH", "Böhm", "Zebra", "éclair", ""];
    private static readonly string[] Categories = ["Garden", "garden", "Tools", "Tools & More", "Zubehör", "usb drill"];
    private static readonly string[] Keys = ["color", "size", "Größe", "a.b", "with space"];
    private static readonly string[] Values = ["red", "Red", "blue", "10", "9", "", "drill usb", "Ünder", "zebra-crossing"];
    private static readonly string[] Currencies = ["EUR", "USD", "JPY"];

    public static readonly Gen<string> Text = Gen.OneOf(Words).Array[0, 6].Select(words => string.Join(' ', words));

    public static readonly Gen<string> Value = Gen.OneOf(Gen.OneOf(Brands), Gen.OneOf(Categories), Gen.OneOf(Values), Gen.OneOf(Words));

    public static readonly Gen<string> Key = Gen.OneOf(Keys);

    public static readonly Gen<Timestamp?> Time = Gen.Frequency(
        (1, Gen.Const((Timestamp?)null)), (9, Gen.Int[0, 20].Select(day => (Timestamp?)Timestamp.FromDateTime(new System.DateTime(2024, 1, 1 + day, 0, 0, 0, DateTimeKind.Utc)))));

    public static readonly Gen<Money?> Price = Gen.Frequency(
        (1, Gen.Const((Money?)null)),
        (5, Gen.Select(Gen.Long[0, 50], Gen.Int[0, 3], Gen.OneOf(Currencies)).Select((units, quarter, currency) =>
            (Money?)new Money { Units = units, Nanos = quarter * 250_000_000, CurrencyCode = currency })));

    private static readonly Gen<Product> Any =
        from title in Text
        from description in Text
        from brand in Gen.OneOf(Brands)
        from categories in Gen.OneOf(Categories).Array[0, 3]
        from attributes in Gen.Select(Key, Gen.OneOf(Values)).Array[0, 4]
        from price in Price
        from stock in Gen.Long[0, 20]
        from state in Gen.OneOf(Product.Types.State.Draft, Product.Types.State.Active, Product.Types.State.Active, Product.Types.State.Discontinued)
        from created in Time
        from updated in Time
        from sku in Gen.Int[1, 99]
        from version in Gen.Long[1, 9]
        select Make(title, description, brand, categories, attributes, price, stock, state, created, updated, $"SKU-{sku}", version);

    /// <summary>A product with this id.</summary>
    public static Gen<Product> WithId(string id) => Any.Select(product => Named(product, id));

    /// <summary>So many products with ids p0, p1 …</summary>
    public static Gen<Product[]> Many(int count) => Any.Array[count].Select(products => products.Select((product, index) => Named(product, $"p{index}")).ToArray());

    /// <summary>What deleting a product leaves.</summary>
    public static Product Tombstone(string id, long version) =>
        new() { Name = ProductName.Format(id), Version = version, State = Product.Types.State.Deleted };

    public static string IdOf(Product product) => ProductName.TryParse(product.Name, out var id) ? id : throw new ArgumentException(product.Name, nameof(product));

    private static Product Named(Product product, string id)
    {
        var named = product.Clone();
        named.Name = ProductName.Format(id);
        return named;
    }

    private static Product Make(
        string title, string description, string brand, string[] categories, (string Key, string Value)[] attributes, Money? price, long stock, Product.Types.State state,
        Timestamp? created, Timestamp? updated, string sku, long version)
    {
        var product = new Product
        {
            Title = title, Description = description, Brand = brand, Categories = { categories.Distinct() }, Price = price, StockQuantity = stock, State = state,
            CreateTime = created, UpdateTime = updated, Sku = sku, Version = version,
        };
        foreach (var (key, value) in attributes) product.Attributes[key] = value;
        return product;
    }
}
