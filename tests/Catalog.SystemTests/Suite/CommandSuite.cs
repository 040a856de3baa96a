using Catalog.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Google.Type;
using Grpc.Core;
using State = Catalog.V1.Product.Types.State;

namespace Catalog.SystemTests;

/// <summary>What every command does and refuses, the same over both faces.</summary>
public abstract class CommandSuite(ICatalogUnderTest catalog)
{
    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task A_created_product_reads_back_as_it_was_sent(Via via)
    {
        var create = TestProducts.Create(and: p =>
        {
            p.Title = "Lámpara “Šířka” 灯 😀";
            p.Description = "line one\nline two";
            p.Brand = "Åkerö";
            p.Categories.Add(["Home/Light", "Sale"]);
            p.Attributes.Add("color", "red");
            p.Attributes.Add("Größe in cm", "30");
            p.Price = TestProducts.Usd(19.99m);
            p.StockQuantity = 7;
        });

        var receipt = (await catalog.CallAsync(via, create)).Receipt();

        Assert.Equal((TestProducts.Name(create.ProductId), 1L), (receipt.Name, receipt.Version));
        var product = (await catalog.CallAsync(via, new GetProductRequest { Name = receipt.Name, ConsistencyTokens = { receipt.ConsistencyToken } })).Ok<Product>();
        var expected = create.Product.Clone();
        (expected.Name, expected.State, expected.Version, expected.Etag) = (receipt.Name, State.Draft, 1, receipt.Etag);
        expected.CreateTime = expected.UpdateTime = product.CreateTime;
        Assert.Equal(expected, product);
        Assert.True(receipt.CommitTime >= product.CreateTime, $"committed {receipt.CommitTime}, decided {product.CreateTime}");
    }

    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task A_product_without_an_id_gets_one(Via via)
    {
        var create = TestProducts.Create();
        create.ProductId = "";
        var receipt = (await catalog.CallAsync(via, create)).Receipt();
        Assert.True(ProductName.TryParse(receipt.Name, out _));
    }

    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task An_id_is_never_used_twice(Via via)
    {
        var id = TestProducts.Word();
        var first = await catalog.CreatedAsync(id);

        var exists = (await catalog.CallAsync(via, TestProducts.Create(id, and: p => p.Sku = TestProducts.Word()))).Fails(StatusCode.AlreadyExists, ErrorReason.ProductExists);
        Assert.Equal(first.Name, exists.Detail<ResourceInfo>()!.ResourceName);
        (await catalog.CallAsync(via, new DeleteProductRequest { Name = first.Name })).Receipt();
        (await catalog.CallAsync(via, TestProducts.Create(id))).Fails(StatusCode.AlreadyExists, ErrorReason.ProductDeleted);
    }

    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task A_sku_belongs_to_one_product_until_it_is_deleted(Via via)
    {
        var sku = TestProducts.Word();
        var owner = await catalog.CreatedAsync(and: p => p.Sku = sku);
        var other = await catalog.CreatedAsync();
        var update = new UpdateProductRequest { Product = new Product { Name = other.Name, Sku = sku } };

        var taken = (await catalog.CallAsync(via, TestProducts.Create(and: p => p.Sku = sku))).Fails(StatusCode.AlreadyExists, ErrorReason.SkuTaken);
        Assert.Equal(owner.Name, taken.Detail<ResourceInfo>()!.ResourceName);
        (await catalog.CallAsync(via, update)).Fails(StatusCode.AlreadyExists, ErrorReason.SkuTaken);
        (await catalog.CallAsync(via, new DeleteProductRequest { Name = owner.Name })).Receipt();
        Assert.Equal(2, (await catalog.CallAsync(via, update)).Receipt().Version);
    }

    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task Everything_that_is_wrong_with_a_product_is_said_at_once(Via via)
    {
        var create = TestProducts.Create();
        create.ProductId = "Not An Id";
        create.RequestId = new string('r', 101);
        create.Product = new Product
        {
            Sku = "no spaces", Title = "", Brand = new string('b', 257), Price = new Money { CurrencyCode = "usd", Units = -1, Nanos = 1 }, StockQuantity = -1,
            Description = "bell\a", Categories = { "twice", "twice" }, Attributes = { [""] = "no key" },
        };
        var error = (await catalog.CallAsync(via, create)).Fails(StatusCode.InvalidArgument, ErrorReason.InvalidRequest);
        string[] fields =
        [
            "product_id", "request_id", "product.sku", "product.title", "product.brand", "product.price.currency_code", "product.price.units", "product.stock_quantity",
            "product.description",
        ];
        var found = error.Detail<BadRequest>()!.FieldViolations.Select(v => v.Field).ToList();
        Assert.All(fields, field => Assert.Contains(field, found));
        Assert.Contains(found, field => field.StartsWith("product.categories", StringComparison.Ordinal));
        Assert.Contains(found, field => field.StartsWith("product.attributes", StringComparison.Ordinal));
    }

    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task The_largest_product_goes_in_and_comes_out(Via via)
    {
        var create = TestProducts.Create(title: new string('t', 512), and: p =>
        {
            p.Description = string.Concat(Enumerable.Repeat("d ", 32 * 1024));
            p.Categories.Add(Enumerable.Range(0, 32).Select(i => TestProducts.Number(i) + new string('c', 251)));
            for (var i = 0; i < 100; i++) p.Attributes.Add(TestProducts.Number(i) + new string('k', 123), new string('v', 1024));
        });
        var receipt = (await catalog.CallAsync(via, create)).Receipt();
        var product = (await catalog.CallAsync(via, new GetProductRequest { Name = receipt.Name, ConsistencyTokens = { receipt.ConsistencyToken } })).Ok<Product>();
        Assert.Equal(create.Product.Attributes, product.Attributes);
        Assert.Equal(create.Product.Description, product.Description);
    }

    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task An_update_changes_what_its_mask_names_and_nothing_else(Via via)
    {
        var created = await catalog.CreatedAsync(and: p =>
        {
            (p.Description, p.Brand) = ("old", "old");
            p.Attributes.Add(new Dictionary<string, string>(StringComparer.Ordinal) { ["color"] = "red", ["size"] = "L", ["a b"] = "c" });
        });
        var update = new UpdateProductRequest
        {
            Product = new Product { Name = created.Name, Title = "new", Description = "not in the mask", Attributes = { ["color"] = "blue" } },
            UpdateMask = new FieldMask { Paths = { "title", "brand", "attributes.color", "attributes.`a b`" } },
        };

        var receipt = (await catalog.CallAsync(via, update)).Receipt();

        var product = await catalog.GetAsync(receipt);
        Assert.Equal((2L, "new", "old", ""), (product.Version, product.Title, product.Description, product.Brand));
        Assert.Equal(new Dictionary<string, string>(StringComparer.Ordinal) { ["color"] = "blue", ["size"] = "L" }, product.Attributes);
    }

    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task Price_stock_and_state_are_not_updated_but_commanded(Via via)
    {
        var created = await catalog.CreatedAsync();
        foreach (var (path, verb) in new[] { ("price", "ChangePrice"), ("stock_quantity", "AdjustStock"), ("state", "ActivateProduct") })
        {
            var update = new UpdateProductRequest { Product = new Product { Name = created.Name }, UpdateMask = new FieldMask { Paths = { path } } };
            Assert.Contains(verb, (await catalog.CallAsync(via, update)).FailsAt("update_mask").Message, StringComparison.Ordinal);
        }
    }

    [Theory, InlineData(Via.Grpc), InlineData(Via.Rest)]
    public async Task A_command_that_changes_nothing_makes_no_version(Via via)
    {
        var created = await catalog.CreatedAsync(and: p => p.Price = TestProducts.Usd(5));
        IMessage[] commands =
        [
            new UpdateProductRequest { Product = new Product { Name = created.Name, Title = "A lamp" } }, new ChangePriceRequest { Name = created.Name, Price = TestProducts.Usd(5) },
        ];
        foreach (var command in commands)
        {
            var receipt = (await catalog.CallAsync(via, command)).Receipt();
            Assert.Equal((1L, created.Etag), (receipt.Version, receipt.Etag));
        }
    }
}
