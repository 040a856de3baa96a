using Catalog.Commands;
using Catalog.V1;
using CsCheck;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Type;
using Grpc.Core;
using State = Catalog.V1.Product.Types.State;

namespace Catalog.Tests.Commands;

public sealed class ProductDeciderTests
{
    private static readonly Gen<string> Text = One("", "a", "b", "lamp");

    private static readonly Gen<Product> Content = Gen.Select(One("S-1", "S-2"), One("Lamp", "Chair"), Text, Text.Array[0, 2], Text.Array[0, 3]).Select((sku, title, brand, categories, keys) =>
    {
        var product = new Product { Name = "products/x", Sku = sku, Title = title, Brand = brand };
        product.Categories.Add(categories.Where(c => c.Length > 0).Distinct());
        foreach (var key in keys.Where(k => k.Length > 0)) product.Attributes[key] = brand;
        return product;
    });

    private static readonly Gen<string> Path = One("sku", "title", "description", "brand", "categories", "attributes", "attributes.a", "attributes.`b`", "*");

    private static readonly Gen<IMessage> Command = Gen.OneOf<IMessage>(
        Gen.Select(Content, Gen.Long[0, 5]).Select((p, stock) => (IMessage)new CreateProductRequest { Product = new Product(p) { StockQuantity = stock } }),
        Gen.Select(Content, Path.Array[0, 3]).Select((p, paths) => (IMessage)new UpdateProductRequest { Product = p, UpdateMask = new FieldMask { Paths = { paths } } }),
        Gen.Long[0, 3].Select(units => (IMessage)new ChangePriceRequest { Name = "products/x", Price = new Money { CurrencyCode = "USD", Units = units } }),
        Gen.Long[-4, 4].Where(d => d != 0).Select(delta => (IMessage)new AdjustStockRequest { Name = "products/x", Delta = delta, Reason = "r" }),
        Gen.Const((IMessage)new ActivateProductRequest { Name = "products/x" }),
        Gen.Const((IMessage)new DiscontinueProductRequest { Name = "products/x" }),
        Gen.Select(Gen.Int[0, 9], Gen.Const(0)).Select((i, _) => i > 0 ? (IMessage)new ActivateProductRequest { Name = "products/x" } : new DeleteProductRequest { Name = "products/x" }),
        Gen.Select(Content, Gen.Long[-1, 5], One(State.Unspecified, State.Draft, State.Active, State.Discontinued)).Select((p, stock, state) =>
        {
            var row = new ImportRow { Sku = p.Sku, Title = p.Title, Brand = p.Brand, Categories = { p.Categories }, Attributes = { p.Attributes }, State = state };
            if (stock >= 0) row.StockQuantity = stock;
            return (IMessage)row;
        }));

    [Fact]
    public void Whatever_the_commands_every_decision_keeps_the_rules_of_a_product() => Command.Array[1, 40].Sample(commands =>
    {
        Product? product = null;
        for (var i = 0; i < commands.Length; i++)
        {
            var before = product?.Clone();
            var moment = At(i);
            var decision = ProductDecider.Decide(product, commands[i], moment);
            Assert.Equal(before, product); // a decision changes nothing by itself
            Assert.Equal(decision, ProductDecider.Decide(product, commands[i], moment)); // and is the same again
            switch (decision)
            {
                case Decision.Accepted { Event: var happened }:
                    CheckEvent(before, happened, moment);
                    product = happened.Product;
                    break;
                case Decision.Unchanged unchanged:
                    Assert.Equal(before, unchanged.Product);
                    break;
                case Decision.Refused refused:
                    Assert.Contains((StatusCode)refused.Error.Code, new[] { StatusCode.NotFound, StatusCode.AlreadyExists, StatusCode.FailedPrecondition });
                    break;
            }
        }
    }, iter: 3000);

    [Fact]
    public void A_row_that_was_imported_is_unchanged_when_it_is_imported_again() => Command.Array[1, 20].Sample(commands =>
    {
        Product? product = null;
        foreach (var command in commands)
        {
            if (ProductDecider.Decide(product, command, At(0)) is not Decision.Accepted { Event.Product: var after }) continue;
            product = after;
            if (command is ImportRow or UpdateProductRequest or ChangePriceRequest) Assert.IsType<Decision.Unchanged>(ProductDecider.Decide(product, command, At(1)));
        }
    }, iter: 1000);

    [Theory]
    [InlineData(State.Draft, true, false)]
    [InlineData(State.Active, true, true)]
    [InlineData(State.Discontinued, true, true)]
    public void A_product_goes_on_offer_from_every_state_and_off_it_only_when_it_is_on(State state, bool canActivate, bool canDiscontinue)
    {
        var product = new Product { Name = "products/x", Sku = "S", Title = "T", State = state, Version = 3, Etag = "3-abc" };
        Assert.Equal(canActivate, ProductDecider.Decide(product, new ActivateProductRequest { Name = "products/x" }, At(0)) is not Decision.Refused);
        Assert.Equal(canDiscontinue, ProductDecider.Decide(product, new DiscontinueProductRequest { Name = "products/x" }, At(0)) is not Decision.Refused);
    }

    [Fact]
    public void An_update_without_a_mask_changes_the_fields_that_are_set()
    {
        var product = new Product { Name = "products/x", Sku = "S", Title = "T", Brand = "B", Description = "D", State = State.Active, Version = 1 };
        var after = Accepted(product, new UpdateProductRequest { Product = new Product { Name = "products/x", Title = "T2", Brand = "B" } });
        Assert.Equal(["title"], after.Updated.Changed.Paths);
        Assert.Equal(("S", "T2", "B", "D"), (after.Product.Sku, after.Product.Title, after.Product.Brand, after.Product.Description));
    }

    [Fact]
    public void One_attribute_is_set_or_removed_by_its_path()
    {
        var product = new Product { Name = "products/x", Sku = "S", Title = "T", Attributes = { ["color"] = "red", ["max load"] = "5 kg", ["a.b"] = "1", ["\"c\\"] = "2" }, Version = 1 };
        var after = Accepted(product, new UpdateProductRequest
        {
            Product = new Product { Name = "products/x", Attributes = { ["color"] = "blue" } }, UpdateMask = new FieldMask { Paths = { "attributes.color", "attributes.`max load`", """attributes["\"c\\"]""" } },
        }).Product;
        Assert.Equal([new("a.b", "1"), new("color", "blue")], after.Attributes.OrderBy(a => a.Key, StringComparer.Ordinal));
    }

    [Fact]
    public void An_update_that_makes_the_whole_product_too_large_is_refused()
    {
        var product = new Product { Name = "products/x", Sku = "S", Title = "T", Version = 1 };
        for (var i = 0; i < 100; i++) product.Attributes[$"k{i}"] = "v";
        var decision = ProductDecider.Decide(product, new UpdateProductRequest
        {
            Product = new Product { Name = "products/x", Attributes = { ["one more"] = "v" } }, UpdateMask = new FieldMask { Paths = { "attributes.one more" } },
        }, At(0));
        Assert.Contains("at most 100", Assert.IsType<Decision.Refused>(decision).Error.Message);
    }

    private static ProductEvent Accepted(Product product, IMessage command) => Assert.IsType<Decision.Accepted>(ProductDecider.Decide(product, command, At(0))).Event;

    private static Gen<T> One<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static Moment At(int step) => new("x", $"event-{step:D8}", Timestamp.FromDateTimeOffset(DateTimeOffset.UnixEpoch.AddSeconds(step)), "tester");

    private static void CheckEvent(Product? before, ProductEvent happened, Moment moment)
    {
        var after = happened.Product;
        Assert.Equal(("products/x", (before?.Version ?? 0) + 1, moment.Time, moment.EventId, "tester"), (happened.Name, happened.Version, happened.OccurredTime, happened.EventId, happened.Actor));
        Assert.Equal((happened.Name, happened.Version, moment.Time), (after.Name, after.Version, after.UpdateTime));
        Assert.Equal(before?.CreateTime ?? moment.Time, after.CreateTime);
        Assert.NotEqual(before?.Etag, after.Etag);
        Assert.InRange(after.StockQuantity, 0, 1_000_000_000_000);
        Assert.NotEqual(State.Deleted, before?.State);
        Assert.NotEqual(ProductEvent.ChangeOneofCase.None, happened.ChangeCase);
        var from = before?.State ?? State.Unspecified;
        Assert.Contains((from, after.State), new[]
        {
            (State.Unspecified, State.Draft), (State.Unspecified, State.Active), (State.Unspecified, State.Discontinued), (State.Draft, State.Active), (State.Active, State.Discontinued),
            (State.Discontinued, State.Active), (from, from), (from, State.Deleted),
        });
        if (after.State == State.Deleted)
            Assert.Equal(after, new Product { Name = after.Name, State = State.Deleted, Version = after.Version, CreateTime = after.CreateTime, UpdateTime = after.UpdateTime, Etag = after.Etag });
        if (happened.ChangeCase == ProductEvent.ChangeOneofCase.Updated) Assert.NotEmpty(happened.Updated.Changed.Paths);
    }
}
