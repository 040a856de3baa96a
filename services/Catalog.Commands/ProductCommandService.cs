using System.Diagnostics;
using Catalog.Internal.V1;
using Catalog.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Catalog.Commands;

/// <summary>
/// The write side over gRPC. Every verb: validate (here), look up the request id, load, decide (<see cref="ProductDecider"/>), append (the store).
/// </summary>
/// <param name="store">The command database.</param>
/// <param name="time">The clock.</param>
/// <param name="actorHeader">
/// The request header in which the gateway hands on who calls; empty where every caller is anonymous. Whoever reaches this service directly can forge it.
/// </param>
/// <param name="stopping">Fires when the host begins to shut down; imports then end.</param>
public sealed partial class ProductCommandService(ICommandStore store, TimeProvider time, string actorHeader, CancellationToken stopping)
    : V1.ProductCommandService.ProductCommandServiceBase
{
    /// <inheritdoc />
    public override Task<CommandReceipt> CreateProduct(CreateProductRequest request, ServerCallContext context) => RunAsync(request, context);

    /// <inheritdoc />
    public override Task<CommandReceipt> UpdateProduct(UpdateProductRequest request, ServerCallContext context) => RunAsync(request, context);

    /// <inheritdoc />
    public override Task<CommandReceipt> ChangePrice(ChangePriceRequest request, ServerCallContext context) => RunAsync(request, context);

    /// <inheritdoc />
    public override Task<CommandReceipt> AdjustStock(AdjustStockRequest request, ServerCallContext context) => RunAsync(request, context);

    /// <inheritdoc />
    public override Task<CommandReceipt> ActivateProduct(ActivateProductRequest request, ServerCallContext context) => RunAsync(request, context);

    /// <inheritdoc />
    public override Task<CommandReceipt> DiscontinueProduct(DiscontinueProductRequest request, ServerCallContext context) => RunAsync(request, context);

    /// <inheritdoc />
    public override Task<CommandReceipt> DeleteProduct(DeleteProductRequest request, ServerCallContext context) => RunAsync(request, context);

    private async Task<CommandReceipt> RunAsync(IMessage request, ServerCallContext context)
    {
        var violations = RequestRules.Check(request);
        violations.ThrowIfAny();
        return await store.ExecuteAsync(Prepare(request, context)) switch
        {
            CommandOutcome.Committed committed => Receipt(committed),
            CommandOutcome.Refused refused => throw refused.Error.ToRpcException(),
            CommandOutcome.Failed failed => throw Refusals.StoreFailed(failed.Error).ToRpcException(),
            _ => throw new OperationCanceledException(context.CancellationToken),
        };
    }

    /// <summary>A checked command as the store runs it.</summary>
    private ProductCommand Prepare(IMessage request, ServerCallContext context)
    {
        var (name, requestId) = request switch
        {
            CreateProductRequest r => (ProductName.Format(r.ProductId.Length > 0 ? r.ProductId : NewId()), r.RequestId),
            UpdateProductRequest r => (r.Product.Name, r.RequestId),
            ChangePriceRequest r => (r.Name, r.RequestId),
            AdjustStockRequest r => (r.Name, r.RequestId),
            ActivateProductRequest r => (r.Name, r.RequestId),
            DiscontinueProductRequest r => (r.Name, r.RequestId),
            DeleteProductRequest r => (r.Name, r.RequestId),
            _ => throw new ArgumentException($"{request.Descriptor.Name} is no command.", nameof(request)),
        };
        var actor = Actor(context);
        return new ProductCommand
        {
            ProductId = ProductName.TryParse(name, out var id) ? id : throw new UnreachableException(),
            // Also a command without request_id has a key, so that the store can find out what became of a commit that it got no answer to.
            Request = requestId.Length > 0 ? new RequestKey(actor, requestId, ContentHash.Of(request)) : new RequestKey(actor, NewId(), []),
            Decide = Decide(request, actor),
            Size = request.CalculateSize(),
            TraceParent = Activity.Current?.Id,
            Cancellation = context.CancellationToken,
        };
    }

    private Func<Product?, string, Decision> Decide(IMessage request, string actor) => (current, productId) =>
        ProductDecider.Decide(current, request, new Moment(productId, Guid.CreateVersion7().ToString(), Timestamp.FromDateTimeOffset(time.GetUtcNow()), actor));

    private string Actor(ServerCallContext context) => actorHeader.Length == 0 ? "" : context.RequestHeaders.GetValue(actorHeader) ?? "";

    private static string NewId() => Guid.CreateVersion7().ToString("n");

    private static CommandReceipt Receipt(CommandOutcome.Committed committed) => new()
    {
        Name = ProductName.Format(committed.ProductId),
        Version = committed.Version,
        Etag = committed.Etag,
        CommitTime = committed.CommitTime,
        ConsistencyToken = Token(committed.LogId, [committed]),
    };

    private static string Token(string logId, IEnumerable<CommandOutcome.Committed> writes)
    {
        var token = new ConsistencyToken { LogId = logId };
        foreach (var write in writes) token.Writes.Add(new WrittenVersion { ProductId = write.ProductId, Version = write.Version });
        return OpaqueText.Encode(token);
    }
}
