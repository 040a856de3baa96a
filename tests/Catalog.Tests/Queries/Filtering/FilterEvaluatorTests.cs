using Catalog.Queries.Filtering;
using Catalog.V1;
using CsCheck;
using Google.Protobuf.WellKnownTypes;
using Google.Type;

namespace Catalog.Tests.Queries.Filtering;

public class FilterEvaluatorTests
{
    private static readonly Product Lamp = new()
    {
        Name = "products/lamp",
        Sku = "L-1",
        Title = "Großes Licht",
        Brand = "Acme",
        Categories = { "Garden", "Home" },
        Attributes = { ["color"] = "Dark Red", ["note"] = "" },
        Price = new Money { CurrencyCode = "EUR", Units = 19, Nanos = 990_000_000 },
        StockQuantity = 3,
        State = Product.Types.State.Active,
        CreateTime = new DateTimeOffset(2025, 1, 31, 12, 0, 0, TimeSpan.Zero).ToTimestamp(),
        Version = 2,
    };

    [Theory]
    [InlineData("", true)]
    [InlineData("name = products/lamp", true)]
    [InlineData("brand = Acme", true)]
    [InlineData("brand = acme", false)]
    [InlineData("brand != acme", true)]
    [InlineData("brand:CM", true)]
    [InlineData("title:\"GROSSES\"", false)]
    [InlineData("title:\"GROßES l\"", true)]
    [InlineData("categories:Garden", true)]
    [InlineData("categories:garden", false)]
    [InlineData("categories:Gard", false)]
    [InlineData("categories:*", true)]
    [InlineData("attributes.color:red", true)]
    [InlineData("attributes.color = red", false)]
    [InlineData("attributes.size != XL", true)]
    [InlineData("attributes.size = XL", false)]
    [InlineData("NOT attributes.size = XL", true)]
    [InlineData("attributes:size", false)]
    [InlineData("attributes:note", true)]
    [InlineData("attributes.note = \"\"", true)]
    [InlineData("price = 19.99", true)]
    [InlineData("price < 20 AND price > 19.98", true)]
    [InlineData("price >= 19.990000001", false)]
    [InlineData("price.currency_code = EUR", true)]
    [InlineData("stock_quantity <= 3", true)]
    [InlineData("version > 2", false)]
    [InlineData("state = ACTIVE", true)]
    [InlineData("state != DRAFT", true)]
    [InlineData("create_time = 2025-01-31T13:00:00+01:00", true)]
    [InlineData("create_time < 2025-01-31T12:00:00.0000001Z", true)]
    [InlineData("update_time < 2030-01-01T00:00:00Z", false)]
    [InlineData("update_time != 2030-01-01T00:00:00Z", true)]
    [InlineData("brand = Other OR sku = L-1", true)]
    [InlineData("brand = Other OR sku = L-1 AND state = DRAFT", false)]
    public void A_product_satisfies_a_filter_or_not(string filter, bool satisfied)
    {
        Assert.True(FilterParser.TryParse(filter, out var expression, out var problem), problem);
        Assert.Equal(satisfied, expression.Matches(Lamp));
    }

    [Theory]
    [InlineData("price = 0")]
    [InlineData("price < 1")]
    [InlineData("price:*")]
    [InlineData("brand < z")]
    [InlineData("brand:a")]
    [InlineData("price.currency_code:E")]
    [InlineData("categories:*")]
    public void What_a_product_lacks_satisfies_nothing_but_unequal(string filter)
    {
        Assert.True(FilterParser.TryParse(filter, out var expression, out _));
        Assert.False(expression.Matches(new Product { Name = "products/bare", Sku = "B", Title = "Bare" }));
        Assert.True(FilterParser.TryParse("price != 0 AND brand != z", out expression, out _));
        Assert.True(expression.Matches(new Product { Name = "products/bare", Sku = "B", Title = "Bare" }));
    }

    [Fact]
    public void Texts_compare_as_their_bytes_do() => Gen.Select(Gen.String, Gen.String)
        .Where((a, b) => IsText(a) && IsText(b))
        .Sample((a, b) => Math.Sign(Utf8Order.Compare(a, b)) == Math.Sign(
            System.Text.Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(System.Text.Encoding.UTF8.GetBytes(b))));

    [Fact]
    public void Texts_beyond_the_basic_plane_come_last()
    {
        Assert.True(Utf8Order.Compare("\uFFFD", "😀") < 0);
        Assert.True(Utf8Order.Compare("😀", "😁") < 0);
        Assert.True(Utf8Order.Compare("a", "a😀") < 0);
    }

    private static bool IsText(string text) => text.EnumerateRunes().All(rune => rune.Value != 0xFFFD);
}
