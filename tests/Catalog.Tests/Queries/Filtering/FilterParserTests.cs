using Catalog.Queries.Filtering;

namespace Catalog.Tests.Queries.Filtering;

public class FilterParserTests
{
    [Theory]
    [InlineData("a", "b", "c")]
    public void Or_binds_tighter_than_and(string a, string b, string c) => Assert.Equal(
        $"And(Brand Equals \"{a}\", Or(Brand Equals \"{b}\", Brand Equals \"{c}\"))", Dump($"brand = {a} AND brand = {b} OR brand = {c}"));

    [Theory]
    [InlineData("", "nothing")]
    [InlineData("  \t ", "nothing")]
    [InlineData("brand = Acme", "Brand Equals \"Acme\"")]
    [InlineData("brand=Acme", "Brand Equals \"Acme\"")]
    [InlineData("brand != 'A c'", "Brand NotEquals \"A c\"")]
    [InlineData("title < b", "Title Less \"b\"")]
    [InlineData("title <= b", "Title LessOrEqual \"b\"")]
    [InlineData("title > b", "Title Greater \"b\"")]
    [InlineData("title>=b", "Title GreaterOrEqual \"b\"")]
    [InlineData("title:usb", "Has(Title, \"usb\")")]
    [InlineData("brand:*", "Present(Brand)")]
    [InlineData("brand:\"*\"", "Has(Brand, \"*\")")]
    [InlineData("brand = '*'", "Brand Equals \"*\"")]
    [InlineData("brand = 'Ac*me'", "Brand Equals \"Ac*me\"")]
    [InlineData("sku = USB-C/1.5_x", "Sku Equals \"USB-C/1.5_x\"")]
    [InlineData("name = \"products/x\"", "Name Equals \"products/x\"")]
    [InlineData("name > products/m", "Name Greater \"products/m\"")]
    [InlineData("categories:\"Garden\"", "Has(Categories, \"Garden\")")]
    [InlineData("categories:*", "Present(Categories)")]
    [InlineData("attributes.color = red", "Attribute[\"color\"] Equals \"red\"")]
    [InlineData("attributes.color = \"\"", "Attribute[\"color\"] Equals \"\"")]
    [InlineData("attributes.color-code != red", "Attribute[\"color-code\"] NotEquals \"red\"")]
    [InlineData("attributes.\"any key\":red", "Has(Attribute[\"any key\"], \"red\")")]
    [InlineData("attributes.'a.b' = x", "Attribute[\"a.b\"] Equals \"x\"")]
    [InlineData("attributes.`a\\`b` = x", "Attribute[\"a`b\"] Equals \"x\"")]
    [InlineData("attributes.größe = XL", "Attribute[\"größe\"] Equals \"XL\"")]
    [InlineData("attributes.color:*", "Present(Attribute[\"color\"])")]
    [InlineData("attributes:color", "Present(Attribute[\"color\"])")]
    [InlineData("attributes:\"any key\"", "Present(Attribute[\"any key\"])")]
    [InlineData("attributes:\"*\"", "Present(Attribute[\"*\"])")]
    [InlineData("price < 19.99", "Price Less 19990000000")]
    [InlineData("price >= -3", "Price GreaterOrEqual -3000000000")]
    [InlineData("price = \"0.000000001\"", "Price Equals 1")]
    [InlineData("price:*", "Present(Price)")]
    [InlineData("price.currency_code = EUR", "CurrencyCode Equals \"EUR\"")]
    [InlineData("stock_quantity > -1", "StockQuantity Greater -1")]
    [InlineData("version = 9223372036854775807", "Version Equals 9223372036854775807")]
    [InlineData("state = ACTIVE", "State Equals Active")]
    [InlineData("state != STATE_DISCONTINUED", "State NotEquals Discontinued")]
    [InlineData("create_time > 2025-01-31T12:00:00Z", "CreateTime Greater 638739216000000000")]
    [InlineData("create_time > 2025-01-31T12:00:00.123456700Z", "CreateTime Greater 638739216001234567")]
    [InlineData("create_time > 2025-01-31T14:00:00.12000000+02:00", "CreateTime Greater 638739216001200000")]
    [InlineData("update_time <= \"2025-01-31T14:00:00.0000001+02:00\"", "UpdateTime LessOrEqual 638739216000000001")]
    [InlineData("NOT brand = a", "Not(Brand Equals \"a\")")]
    [InlineData("-brand = a", "Not(Brand Equals \"a\")")]
    [InlineData("NOT(brand = a)", "Not(Brand Equals \"a\")")]
    [InlineData("NOT -brand = a", "Not(Not(Brand Equals \"a\"))")]
    [InlineData("-(brand = a OR brand = b)", "Not(Or(Brand Equals \"a\", Brand Equals \"b\"))")]
    [InlineData("NOT brand = a OR brand = b", "Or(Not(Brand Equals \"a\"), Brand Equals \"b\")")]
    [InlineData("brand = a brand = b", "And(Brand Equals \"a\", Brand Equals \"b\")")]
    [InlineData("brand = a brand = b OR sku = c", "And(Brand Equals \"a\", Or(Brand Equals \"b\", Sku Equals \"c\"))")]
    [InlineData("brand = a -brand = b AND sku = c", "And(Brand Equals \"a\", Not(Brand Equals \"b\"), Sku Equals \"c\")")]
    [InlineData("(brand = a)(brand = b)", "And(Brand Equals \"a\", Brand Equals \"b\")")]
    [InlineData("(brand = a AND brand = b) OR sku = c", "Or(And(Brand Equals \"a\", Brand Equals \"b\"), Sku Equals \"c\")")]
    [InlineData("((brand = a))", "Brand Equals \"a\"")]
    [InlineData("brand = android", "Brand Equals \"android\"")]
    [InlineData("brand = ANDroid ORbit:x", null)]
    public void A_filter_means(string filter, string? meaning)
    {
        if (meaning is not null) Assert.Equal(meaning, Dump(filter));
        else Assert.False(FilterParser.TryParse(filter, out _, out _));
    }

    [Theory]
    [InlineData("brand = \"a\\\"b\\\\c\\n\\t\\'\"", "a\"b\\c\n\t'")]
    [InlineData("brand = 'say \"hi\"'", "say \"hi\"")]
    [InlineData("brand = \"AND\"", "AND")]
    public void Quoted_values_know_escapes(string filter, string value)
    {
        Assert.True(FilterParser.TryParse(filter, out var expression, out _));
        Assert.Equal(value, Assert.IsType<FilterExpression.Compare>(expression).Value);
    }

    [Fact]
    public void The_example_of_the_contract_is_a_filter() => Assert.Equal(
        "And(State Equals Active, Price Less 20000000000, Or(Brand Equals \"Acme\", Has(Categories, \"Garden\")))",
        Dump("state = ACTIVE AND price < 20 AND (brand = \"Acme\" OR categories:\"Garden\")"));

    private static string Dump(string filter)
    {
        Assert.True(FilterParser.TryParse(filter, out var expression, out var problem), problem);
        return FilterText.Dump(expression);
    }
}
