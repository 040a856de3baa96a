using Catalog.Queries.Filtering;

namespace Catalog.Tests.Queries.Filtering;

public class FilterErrorTests
{
    [Theory]
    [InlineData("acme", 1, "found the word `acme` alone; to search for words use `query`")]
    [InlineData("\"acme\"", 1, "to search for words use `query`")]
    [InlineData("usb-c", 1, "to search for words use `query`")]
    [InlineData("price < 20 acme", 12, "to search for words use `query`")]
    [InlineData("colour = red", 1, "unknown field `colour`; known are name, sku, title, brand, categories, attributes.<key>, price,")]
    [InlineData("😀😀 = 1", 1, "expected a restriction")]
    [InlineData("brand = \"😀\" AND x = 1", 17, "unknown field `x`")]
    [InlineData("price.units = 1", 1, "unknown field `price.units`")]
    [InlineData("description:x", 1, "unknown field `description`")]
    [InlineData("price.currency_code.x = 1", 1, "`price.currency_code` has no fields")]
    [InlineData("brand = a and sku = b", 11, "AND, OR and NOT are written in capitals")]
    [InlineData("not brand = a", 1, "AND, OR and NOT are written in capitals")]
    [InlineData("brand = a AND", 14, "expected a restriction such as `brand = \"Acme\"`, found the end")]
    [InlineData("brand = a OR OR sku = b", 14, "found `OR`")]
    [InlineData("AND brand = a", 1, "found `AND`")]
    [InlineData("NOT", 4, "found the end")]
    [InlineData("()", 2, "found `)`")]
    [InlineData("(brand = a", 1, "this parenthesis is never closed")]
    [InlineData("brand = a)", 10, "expected AND, OR or the end, found `)`")]
    [InlineData("brand = ", 9, "expected a value, found the end")]
    [InlineData("brand == a", 8, "expected a value, found `=`")]
    [InlineData("brand = AND", 9, "expected a value, found `AND`")]
    [InlineData("brand = a\"b\"", 10, "expected a space after the value, found `\"`; a value with such characters is quoted")]
    [InlineData("brand = \"a\"AND sku = b", 12, "expected a space after the value")]
    [InlineData("brand = (a OR b)", 9, "expected one value; write (a = 1 OR a = 2) for several")]
    [InlineData("brand ~ a", 7, "expected one of = != < <= > >= : after the field, found `~`")]
    [InlineData("brand ! a", 7, "expected one of")]
    [InlineData("brand = \"a", 9, "the quote \" is never closed")]
    [InlineData("brand = \"a\\", 9, "the quote \" is never closed")]
    [InlineData("brand = \"a\\q\"", 11, "unknown escape")]
    [InlineData("brand = a\0", 10, "a NUL character")]
    [InlineData("brand = \"\"", 9, "expected a text; brand:* asks whether there is one")]
    [InlineData("brand:\"\"", 7, "expected a text to look for")]
    [InlineData("lower(brand) = a", 1, "functions such as `lower` are not supported")]
    [InlineData("name = x", 8, "the name of a product, products/{product}")]
    [InlineData("price = cheap", 9, "expected an amount such as 19.99, with at most 9 decimal places, found `cheap`")]
    [InlineData("price = 1e3", 9, "expected an amount")]
    [InlineData("price = 0.0000000001", 9, "expected an amount")]
    [InlineData("price = 9000000001", 9, "expected an amount")]
    [InlineData("brand = Ac*", 7, "* stands for nothing but itself here")]
    [InlineData("brand:Ac*", 6, "* stands for nothing but itself here")]
    [InlineData("title > Ac*", 7, "* stands for nothing but itself here")]
    [InlineData("categories:Gard*", 11, "* stands for nothing but itself here")]
    [InlineData("attributes.color != *", 18, "* stands for nothing but itself here")]
    [InlineData("price:5", 6, "price is compared with =, !=, <, <=, > and >=; price:* tells whether there is one")]
    [InlineData("stock_quantity = 1.5", 18, "expected a whole number, found `1.5`")]
    [InlineData("version = 9223372036854775808", 11, "expected a whole number")]
    [InlineData("create_time > yesterday", 15, "expected a time such as 2025-01-31T12:00:00Z (RFC 3339), found `yesterday`")]
    [InlineData("create_time > 2025-01-31T12:00:00.123456780Z", 15, "expected a time")]
    [InlineData("create_time > 2025-01-31", 15, "expected a time")]
    [InlineData("create_time > 2025-01-31T12:00:00", 15, "expected a time")]
    [InlineData("create_time > 2025-02-30T12:00:00Z", 15, "expected a time")]
    [InlineData("create_time > 2025-01-31T12:00:00+0200", 15, "expected a time")]
    [InlineData("state = DELETED", 9, "a search never shows what was deleted")]
    [InlineData("state = active", 9, "expected DRAFT, ACTIVE or DISCONTINUED")]
    [InlineData("state = STATE_UNSPECIFIED", 9, "expected DRAFT, ACTIVE or DISCONTINUED")]
    [InlineData("state > DRAFT", 7, "state is compared with = and != only")]
    [InlineData("state:ACTIVE", 6, "state is compared with = and != only")]
    [InlineData("categories = Garden", 12, "categories are a list: use categories:\"value\"")]
    [InlineData("categories != Garden", 12, "categories are a list")]
    [InlineData("attributes.size > 5", 17, "attributes are texts in no order: use =, != or :")]
    [InlineData("attributes = x", 12, "name an attribute")]
    [InlineData("attributes:*", 11, "name an attribute")]
    [InlineData("attributes:\"\"", 12, "expected the key of an attribute")]
    [InlineData("attributes. = x", 12, "expected the key of an attribute")]
    [InlineData("attributes.\"\" = x", 12, "expected the key of an attribute")]
    [InlineData("attributes.a.b = x", 12, "the key of an attribute that holds a dot is quoted")]
    [InlineData("attributes.'a = x", 12, "the quote ' is never closed")]
    public void A_mistake_is_told_with_its_place_and_what_to_do(string filter, int character, string says)
    {
        Assert.False(FilterParser.TryParse(filter, out var expression, out var problem));
        Assert.Null(expression);
        Assert.StartsWith($"at character {character}: ", problem, StringComparison.Ordinal);
        Assert.Contains(says, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("(", ")")]
    [InlineData("NOT ", "")]
    [InlineData("-", "")]
    [InlineData("-(", ")")]
    public void Nesting_ends_at_12_levels(string open, string close)
    {
        var levels = open.Length == 2 ? 6 : 12;
        Assert.True(FilterParser.TryParse(Nested(levels), out _, out var problem), problem);
        Assert.False(FilterParser.TryParse(Nested(levels + 1), out _, out problem));
        Assert.Contains("nested more than 12 levels deep", problem, StringComparison.Ordinal);

        string Nested(int times) => string.Concat(Enumerable.Repeat(open, times)) + "brand = a" + string.Concat(Enumerable.Repeat(close, times));
    }

    [Fact]
    public void There_may_be_200_restrictions()
    {
        Assert.True(FilterParser.TryParse(string.Join(" OR ", Enumerable.Repeat("brand = a", 200)), out _, out _));
        Assert.False(FilterParser.TryParse(string.Join(" OR ", Enumerable.Repeat("brand = a", 201)), out _, out var problem));
        Assert.Equal("at character 2601: more than 200 restrictions", problem);
    }

    [Fact]
    public void A_filter_ends_at_8_KiB_of_bytes()
    {
        Assert.True(FilterParser.TryParse($"brand = {new string('é', 4092)}", out _, out _));
        Assert.False(FilterParser.TryParse($"brand = {new string('é', 4093)}", out _, out var problem));
        Assert.Equal("longer than 8,192 bytes", problem);
    }
}
