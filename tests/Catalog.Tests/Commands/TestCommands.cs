using Catalog.Commands;
using Catalog.Projections;
using Catalog.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Catalog.Tests.Commands;

/// <summary>Commands as the service would hand them to a store.</summary>
internal static class TestCommands
{
    /// <summary>A product as the store holds it.</summary>
    public static Product Product(this ProductState state) => V1.Product.Parser.ParseFrom(state.Body.Span);

    private static readonly Timestamp Now = Timestamp.FromDateTimeOffset(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    public static ProductCommand Create(string id, string? sku = null, long stock = 0, string? requestId = null, string caller = "") =>
        Of(id, new CreateProductRequest { ProductId = id, RequestId = requestId ?? "", Product = new Product { Sku = sku ?? id, Title = $"Title of {id}", StockQuantity = stock } }, requestId, caller);

    public static ProductCommand Adjust(string id, long delta, string? requestId = null, string caller = "") =>
        Of(id, new AdjustStockRequest { Name = ProductName.Format(id), Delta = delta, Reason = "test", RequestId = requestId ?? "" }, requestId, caller);

    public static ProductCommand Activate(string id, string etag = "", string? requestId = null) =>
        Of(id, new ActivateProductRequest { Name = ProductName.Format(id), Etag = etag, RequestId = requestId ?? "" }, requestId);

    public static ProductCommand Retitle(string id, string title, string etag = "") =>
        Of(id, new UpdateProductRequest { Product = new Product { Name = ProductName.Format(id), Title = title, Etag = etag } });

    public static ProductCommand Resku(string id, string sku) => Of(id, new UpdateProductRequest { Product = new Product { Name = ProductName.Format(id), Sku = sku } });

    public static ProductCommand Delete(string id) => Of(id, new DeleteProductRequest { Name = ProductName.Format(id) });

    public static ProductCommand Import(string sku, string title, string? id = null) => new()
    {
        ProductId = id, Sku = sku, NewProductId = Guid.CreateVersion7().ToString("n"), Request = null,
        Decide = Decide(new ImportRow { Sku = sku, Title = title }),
    };

    public static ProductCommand Of(string id, IMessage command, string? requestId = null, string caller = "", CancellationToken cancellation = default) => new()
    {
        ProductId = id,
        Request = requestId is null ? new RequestKey(caller, Guid.NewGuid().ToString(), []) : new RequestKey(caller, requestId, ContentHash.Of(command)),
        Decide = Decide(command),
        Cancellation = cancellation,
    };

    public static Func<Product?, string, Decision> Decide(IMessage command) =>
        (current, id) => ProductDecider.Decide(current, command, new Moment(id, Guid.CreateVersion7().ToString(), Now, "tester"));
}
