using Catalog.Commands;
using Catalog.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Google.Type;

namespace Catalog.Tests.Commands;

public sealed class RequestRulesTests
{
    [Fact]
    public void All_violations_are_reported_at_once()
    {
        var fields = Violations(new CreateProductRequest
        {
            ProductId = "Not An Id",
            RequestId = "has a blank",
            Product = new Product
            {
                Sku = "a b", Title = "", Brand = new string('b', 257), Categories = { "x", "x", "" }, Attributes = { [""] = "v", ["k"] = new string('v', 1025) },
                Price = new Money { CurrencyCode = "usd", Units = -1, Nanos = 1_000_000_000 }, StockQuantity = -1,
            },
        });
        Assert.Equal(
        [
            "attributes", "attributes[\"k\"]", "brand", "categories[1]", "categories[2]", "price.currency_code", "price.nanos", "price.units", "product_id", "request_id", "sku", "stock_quantity", "title",
        ], fields.Select(f => f.Replace("product.", "")).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_price_holds_no_more_than_a_price()
    {
        // Of a field that this build does not know.
        var price = Money.Parser.ParseFrom([.. new Money { CurrencyCode = "USD", Units = 1 }.ToByteArray(), 0x7A, 100, .. new byte[100]]);
        Assert.Equal(["price"], Check(new ChangePriceRequest { Name = "products/x", Price = price }).Select(v => v.Field));
        Assert.Contains("price", Check(new ImportRow { Sku = "S", Title = "T", Price = price }).Select(v => v.Field));
        Assert.Contains("product.price", Check(new CreateProductRequest { Product = new Product { Sku = "S", Title = "T", Price = price } }).Select(v => v.Field));
    }

    [Theory]
    [InlineData("price", "ChangePrice")]
    [InlineData("stock_quantity", "AdjustStock")]
    [InlineData("state", "ActivateProduct")]
    public void A_field_with_a_verb_of_its_own_is_refused_in_an_update_and_the_verb_is_named(string path, string verb)
    {
        var violation = Assert.Single(Check(new UpdateProductRequest { Product = new Product { Name = "products/x", Title = "T" }, UpdateMask = new FieldMask { Paths = { path } } }));
        Assert.Equal("update_mask", violation.Field);
        Assert.Contains(verb, violation.Description);

        var set = new Product
        {
            Name = "products/x", Title = "T", Price = path == "price" ? new Money { CurrencyCode = "USD" } : null, StockQuantity = path == "stock_quantity" ? 1 : 0,
            State = path == "state" ? Product.Types.State.Active : default
        };
        violation = Assert.Single(Check(new UpdateProductRequest { Product = set }));
        Assert.Equal("product." + path, violation.Field);
        Assert.Contains(verb, violation.Description);
    }

    [Fact]
    public void A_field_outside_the_mask_is_not_looked_at() =>
        Assert.Empty(Check(new UpdateProductRequest { Product = new Product { Name = "products/x", Title = "T", Sku = "not a sku" }, UpdateMask = new FieldMask { Paths = { "title" } } }));

    [Theory]
    [InlineData("version")]
    [InlineData("attributes.")]
    [InlineData("categories.x")]
    [InlineData("")]
    public void An_unknown_path_is_refused(string path) =>
        Assert.Equal(["update_mask"], Violations(new UpdateProductRequest { Product = new Product { Name = "products/x" }, UpdateMask = new FieldMask { Paths = { path } } }));

    [Theory]
    [InlineData(9_000_000_000, 0, true)]
    [InlineData(9_000_000_000, 1, false)]
    [InlineData(0, 0, true)]
    [InlineData(long.MaxValue, 0, false)]
    public void Prices_have_bounds(long units, int nanos, bool valid) =>
        Assert.Equal(valid, Check(new ChangePriceRequest { Name = "products/x", Price = new Money { CurrencyCode = "USD", Units = units, Nanos = nanos } }).Count == 0);

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    [InlineData(-1_000_000_000_000, true)]
    [InlineData(long.MinValue, false)]
    public void Adjustments_have_bounds(long delta, bool valid) =>
        Assert.Equal(valid, Check(new AdjustStockRequest { Name = "products/x", Delta = delta, Reason = "r" }).Count == 0);

    [Theory]
    [InlineData("title", 512)]
    [InlineData("description", 65536)]
    [InlineData("brand", 256)]
    public void Texts_are_measured_in_bytes_of_UTF_8(string field, int limit)
    {
        Assert.Empty(Violations(With(field, new string('ü', limit / 2))));
        Assert.Equal(["product." + field], Violations(With(field, new string('ü', limit / 2) + "x")));
    }

    [Theory]
    [InlineData("a\0b")]
    [InlineData("two\nlines")]
    [InlineData("damaged \uFFFD text")]
    public void A_title_is_one_line_of_undamaged_text(string title) => Assert.Equal(["product.title"], Violations(With("title", title)));

    [Fact]
    public void A_description_may_have_lines() => Assert.Empty(Violations(With("description", "two\r\n\tlines")));

    [Fact]
    public void The_limits_of_lists_hold()
    {
        var product = new Product { Sku = "S", Title = "T" };
        product.Categories.Add(Enumerable.Range(0, 33).Select(i => $"c{i}"));
        for (var i = 0; i < 101; i++) product.Attributes[$"k{i}"] = "v";
        Assert.Equal(["product.attributes", "product.categories"], Violations(new CreateProductRequest { Product = product }).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void One_attribute_among_too_many_is_no_way_past_the_rules()
    {
        var product = new Product { Name = "products/p" };
        for (var i = 0; i < 100; i++) product.Attributes[$"k{i}"] = "v";
        product.Attributes["color"] = new string('x', 100_000);
        Assert.Equal(["product.attributes"], Violations(new UpdateProductRequest { Product = product, UpdateMask = new FieldMask { Paths = { "attributes.color" } } }));
    }

    [Fact]
    public void No_more_violations_are_told_than_a_client_can_take()
    {
        var update = new UpdateProductRequest { Product = new Product { Name = "products/p" }, UpdateMask = new FieldMask() };
        update.UpdateMask.Paths.Add(Enumerable.Range(0, 100_000).Select(i => new string('x', 50) + i));
        var violations = RequestRules.Check(update);
        Assert.Equal(20, violations.Found.Count);
        Assert.True(violations.ToStatus()!.CalculateSize() < 6000);
    }

    [Fact]
    public void A_row_cannot_delete() => Assert.Equal(["state"], Violations(new ImportRow { Sku = "S", Title = "T", State = Product.Types.State.Deleted }));

    [Fact]
    public void The_content_of_a_command_is_the_same_to_every_build()
    {
        var product = new Product { Name = "products/p", Sku = "S", Categories = { "c", "b" }, Attributes = { ["b"] = "2", ["a"] = "1" }, Price = new Money { CurrencyCode = "EUR", Units = 1 } };
        // Receipts hold them.
        Assert.Equal(
            ["174a524bc6d653403c0a7686c91b7c30", "96754e0b9fc80ffa424c32558e3ece6f", "77d6de060ae9454abea8264187b64b91", "2fc8622b4566066cbf572f1e8317fdf5"],
            new IMessage[]
            {
                new CreateProductRequest { RequestId = "r", ProductId = "p", Product = product }, new CreateProductRequest { RequestId = "r" },
                new UpdateProductRequest { RequestId = "r", Product = product, UpdateMask = new FieldMask { Paths = { "sku" } } },
                new AdjustStockRequest { RequestId = "r", Name = "products/p", Delta = -1 },
            }.Select(command => Convert.ToHexStringLower(ContentHash.Of(command))));
    }

    [Fact]
    public void The_content_of_a_command_is_what_was_parsed_in_any_order_of_its_map_and_without_its_request_id()
    {
        var one = new CreateProductRequest { RequestId = "a", Product = new Product { Sku = "S", Attributes = { ["a"] = "1", ["b"] = "2" } } };
        var two = new CreateProductRequest { RequestId = "b", Product = new Product { Sku = "S", Attributes = { ["b"] = "2", ["a"] = "1" } } };
        var other = new CreateProductRequest { RequestId = "a", Product = new Product { Sku = "S", Attributes = { ["b"] = "1", ["a"] = "2" } } };
        Assert.Equal(ContentHash.Of(one), ContentHash.Of(two));
        Assert.NotEqual(ContentHash.Of(one), ContentHash.Of(other));
        // Two verbs with the same fields are different content.
        Assert.NotEqual(ContentHash.Of(new ActivateProductRequest { Name = "products/x" }), ContentHash.Of(new DeleteProductRequest { Name = "products/x" }));
        Assert.Equal("b", two.RequestId);
        Assert.Equal(["b", "a"], two.Product.Attributes.Keys);
    }

    private static CreateProductRequest With(string field, string value)
    {
        var product = new Product { Sku = "S", Title = "T" };
        Product.Descriptor.FindFieldByName(field).Accessor.SetValue(product, value);
        return new CreateProductRequest { Product = product };
    }

    private static List<string> Violations(IMessage command) => Check(command).ConvertAll(v => v.Field);

    private static List<BadRequest.Types.FieldViolation> Check(IMessage command) => [.. RequestRules.Check(command).Found];
}
