using System.Security.Cryptography;
using System.Text;
using Catalog.Commands;
using Catalog.SqlServer.Sql;
using Catalog.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Catalog.SqlServer.Commands;

/// <summary>Says what to load for a command, and what to write once it is decided.</summary>
internal sealed class Planner(SqlServerDatabase database, TimeProvider time)
{
    private const int WholeBody = -1, TraceParentLength = 64;

    private readonly Statements _sql = database.Statements;

    /// <summary>Loads product and receipt.</summary>
    public Call Load(ProductCommand command) => command.ProductId is { } id
        ? WithRequest(new Call(_sql.LoadById).Ascii("@id", id, 63), command.Request)
        : LoadOwner(command.Sku!, command.Request);

    /// <summary>Loads the product that has a SKU, and the receipt.</summary>
    public Call LoadOwner(string sku, RequestKey? request) => WithRequest(new Call(_sql.LoadBySku).Ascii("@sku", sku, 64), request);

    /// <summary>
    /// What to write if there is nothing of the product yet, where that can be tried without a look: the constraints refuse it if there is something after all, and a
    /// product is created in one round trip. Null where the command is none that creates.
    /// </summary>
    public Step? Untried(ProductCommand command) =>
        command is { ProductId: { } id, Request: not null } && Ask(command, null, id) is Decision.Accepted accepted ? Create(command, id, accepted.Event, logId: "") : null;

    /// <summary>Decides by what is stored.</summary>
    public Step Decide(ProductCommand command, Stored stored)
    {
        if (command.Request is { } request && stored.Receipt is { } receipt) return new Step(receipt.Answer(request, stored.LogId));
        var id = stored.Product?.Id ?? command.ProductId ?? command.NewProductId!;
        return Ask(command, stored.Product?.Body, id) switch
        {
            Decision.Refused refused => new Step(new CommandOutcome.Refused(refused.Error)),
            Decision.Unchanged unchanged => Unchanged(command, id, unchanged.Product, stored.LogId),
            Decision.Accepted accepted when stored.Product is { } before => Change(command, before, accepted.Event, stored.LogId),
            Decision.Accepted accepted => Create(command, id, accepted.Event, stored.LogId),
            var other => throw new DefectException(new InvalidOperationException($"{other} is no decision.")),
        };
    }

    private static Decision Ask(ProductCommand command, byte[]? current, string id)
    {
        try
        {
            return command.Decide(current is null ? null : Product.Parser.ParseFrom(current), id);
        }
        catch (Exception e)
        {
            throw new DefectException(e);
        }
    }

    private Step Unchanged(ProductCommand command, string id, Product product, string logId)
    {
        var now = Timestamp.FromDateTimeOffset(time.GetUtcNow());
        var outcome = new CommandOutcome.Committed(id, product.Version, product.Etag, now, logId, Changed: false);
        return command.Request is null ? new Step(outcome) : new Step(outcome, WithReceipt(new Call(_sql.KeepReceipt), command, id, product, now), product.Sku);
    }

    private Step Create(ProductCommand command, string id, ProductEvent happened, string logId) =>
        new(Committed(id, happened, logId), WithEvent(WithReceipt(new Call(_sql.Create), command, id, happened.Product, happened.OccurredTime), command, happened), happened.Product.Sku);

    private Step Change(ProductCommand command, StoredProduct before, ProductEvent happened, string logId) =>
        new(Committed(before.Id, happened, logId),
            WithEvent(WithReceipt(new Call(_sql.Change), command, before.Id, happened.Product, happened.OccurredTime), command, happened)
                .Number("@product_key", before.Key).Number("@expected", before.Version),
            happened.Product.Sku);

    private static CommandOutcome.Committed Committed(string id, ProductEvent happened, string logId) =>
        new(id, happened.Product.Version, happened.Product.Etag, happened.OccurredTime, logId, Changed: true);

    private static Call WithReceipt(Call call, ProductCommand command, string id, Product product, Timestamp occurred) =>
        WithRequest(call, command.Request).Ascii("@id", id, 63).Number("@version", product.Version).Ascii("@etag", product.Etag, 40)
            .Binary("@content", command.Request?.Content, 32).Time("@occurred", occurred.ToDateTimeOffset());

    private static Call WithEvent(Call call, ProductCommand command, ProductEvent happened) => call
        .Ascii("@sku", happened.Product.State == Product.Types.State.Deleted ? null : happened.Product.Sku, 64)
        .Binary("@body", happened.Product.ToByteArray(), WholeBody)
        // A trace context that is none of W3C's may be of any length, and is not worth a failure.
        .Ascii("@trace_parent", command.TraceParent is { Length: <= TraceParentLength } trace ? trace : null, TraceParentLength)
        .Binary("@event", happened.ToByteArray(), WholeBody);

    private static Call WithRequest(Call call, RequestKey? request) => call
        .Hash("@caller", request is null ? null : SHA256.HashData(Encoding.UTF8.GetBytes(request.Caller))).Ascii("@request_id", request?.Id, 100);
}
