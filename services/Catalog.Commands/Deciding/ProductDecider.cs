using Catalog.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using State = Catalog.V1.Product.Types.State;

namespace Catalog.Commands;

/// <summary>
/// The rules of the domain: product × command → event or refusal. Pure: no I/O, no clock, no chance. The commands are valid in themselves
/// (see <see cref="RequestRules"/>); here they meet the product as it is, null if there never was one.
/// </summary>
public static class ProductDecider
{
    /// <summary>Decides any command of the contract.</summary>
    public static Decision Decide(Product? current, IMessage command, Moment moment) => command switch
    {
        CreateProductRequest create => Create(current, create, moment),
        UpdateProductRequest update => Existing(current, moment, update.Product.Etag, product => Update(product, update, moment)),
        ChangePriceRequest price => Existing(current, moment, price.Etag, product => ChangePrice(product, price, moment)),
        AdjustStockRequest stock => Existing(current, moment, stock.Etag, product => AdjustStock(product, stock, moment)),
        ActivateProductRequest activate => Existing(current, moment, activate.Etag, product => Activate(product, moment)),
        DiscontinueProductRequest discontinue => Existing(current, moment, discontinue.Etag, product => Discontinue(product, moment)),
        DeleteProductRequest delete => Existing(current, moment, delete.Etag, product => Delete(product, moment)),
        ImportRow row => ImportDecider.Import(current, row, moment),
        _ => throw new ArgumentException($"{command.Descriptor.Name} is no command.", nameof(command)),
    };

    private static Decision Create(Product? current, CreateProductRequest command, Moment moment)
    {
        if (current is not null) return IdTaken(current);
        var product = command.Product.Clone();
        product.State = State.Draft;
        return Happened(null, product, moment, e => e.Created = new ProductCreated());
    }

    private static Decision Update(Product current, UpdateProductRequest command, Moment moment)
    {
        var product = current.Clone();
        UpdateMask.Of(command).Apply(command.Product, product);
        var violations = new Violations();
        RequestRules.CheckWhole(product, violations);
        return violations.ToStatus() is { } refusal ? new Decision.Refused(refusal) : Updated(current, product, moment);
    }

    private static Decision ChangePrice(Product current, ChangePriceRequest command, Moment moment)
    {
        if (command.Price.Equals(current.Price)) return new Decision.Unchanged(current);
        var product = current.Clone();
        product.Price = command.Price;
        return Happened(current, product, moment, e => e.PriceChanged = new PriceChanged { Previous = current.Price });
    }

    private static Decision AdjustStock(Product current, AdjustStockRequest command, Moment moment)
    {
        // Both are within ±10¹², so the sum cannot overflow.
        var quantity = current.StockQuantity + command.Delta;
        if (quantity < 0)
            return Precondition(ErrorReason.InsufficientStock, current.Name, $"There are {current.StockQuantity} units of {current.Name}, so {-command.Delta} cannot be taken.");
        if (quantity > RequestRules.MaxStock)
            return Precondition(ErrorReason.StockLimit, current.Name, $"{current.Name} can have at most {RequestRules.MaxStock} units.");
        var product = current.Clone();
        product.StockQuantity = quantity;
        return Happened(current, product, moment, e => e.StockAdjusted = new StockAdjusted { Delta = command.Delta, Reason = command.Reason });
    }

    private static Decision Activate(Product current, Moment moment)
    {
        if (current.State == State.Active) return new Decision.Unchanged(current);
        var product = current.Clone();
        product.State = State.Active;
        return Happened(current, product, moment, e => e.Activated = new ProductActivated());
    }

    private static Decision Discontinue(Product current, Moment moment)
    {
        if (current.State == State.Discontinued) return new Decision.Unchanged(current);
        if (current.State != State.Active) return WrongState(current, "be discontinued; only an ACTIVE product can");
        var product = current.Clone();
        product.State = State.Discontinued;
        return Happened(current, product, moment, e => e.Discontinued = new ProductDiscontinued());
    }

    private static Decision Delete(Product current, Moment moment)
    {
        // What stays is a tombstone: it holds the name for ever and tells readers that the product is gone.
        var tombstone = new Product { State = State.Deleted };
        return Happened(current, tombstone, moment, e => e.Deleted = new ProductDeleted { Sku = current.Sku });
    }

    private static Decision Existing(Product? current, Moment moment, string etag, Func<Product, Decision> decide)
    {
        var name = ProductName.Format(moment.ProductId);
        if (current is null or { State: State.Deleted }) return new Decision.Refused(CatalogError.NotFound(name));
        if (etag.Length > 0 && etag != current.Etag)
            return new Decision.Refused(CatalogError.Of(StatusCode.Aborted, ErrorReason.EtagMismatch,
                $"{name} was changed since the etag was read: it is at version {current.Version}. Read it again and decide anew.",
                CatalogError.Resource(name, "The etag is not the current one.")));
        return decide(current);
    }

    /// <summary>The refusal of a creation where the id is or was in use.</summary>
    internal static Decision IdTaken(Product current) => new Decision.Refused(current.State == State.Deleted
        ? CatalogError.Of(StatusCode.AlreadyExists, ErrorReason.ProductDeleted,
            $"{current.Name} was deleted, and an id is never used twice. Choose another product_id.", CatalogError.Resource(current.Name, "The product was deleted."))
        : CatalogError.Of(StatusCode.AlreadyExists, ErrorReason.ProductExists,
            $"{current.Name} exists already. Choose another product_id, or change that product.", CatalogError.Resource(current.Name, "The product exists.")));

    /// <summary>The refusal of a state change.</summary>
    internal static Decision WrongState(Product current, string cannot) =>
        Precondition(ErrorReason.WrongState, current.Name, $"{current.Name} is {Name(current.State)} and cannot {cannot}.");

    /// <summary>The event that says in which fields a product differs now, if it does in any.</summary>
    internal static Decision Updated(Product current, Product product, Moment moment)
    {
        var changed = UpdateMask.Difference(current, product);
        return changed.Count == 0
            ? new Decision.Unchanged(current)
            : Happened(current, product, moment, e => e.Updated = new ProductUpdated { Changed = new FieldMask { Paths = { changed } } });
    }

    /// <summary>The event that leads from one product to the next; it stamps what only the service sets.</summary>
    internal static Decision Happened(Product? before, Product after, Moment moment, Action<ProductEvent> change)
    {
        after.Name = ProductName.Format(moment.ProductId);
        after.Version = (before?.Version ?? 0) + 1;
        after.CreateTime = before?.CreateTime ?? moment.Time;
        after.UpdateTime = moment.Time;
        // A version alone could be current again after a restore from a backup; the event's id cannot.
        after.Etag = $"{after.Version}-{moment.EventId[^8..]}";
        var happened = new ProductEvent
        {
            EventId = moment.EventId, Name = after.Name, Version = after.Version, OccurredTime = moment.Time, Actor = moment.Actor, Product = after,
        };
        change(happened);
        return new Decision.Accepted(happened);
    }

    private static Decision Precondition(ErrorReason reason, string name, string message) => new Decision.Refused(CatalogError.Of(
        StatusCode.FailedPrecondition, reason, message, new PreconditionFailure
        {
            Violations = { new PreconditionFailure.Types.Violation { Type = CatalogError.Name(reason), Subject = name, Description = message } },
        }));

    private static string Name(State state) => state.ToString().ToUpperInvariant();
}
