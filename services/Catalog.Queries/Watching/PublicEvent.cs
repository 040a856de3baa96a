using Catalog.V1;
using Change = Catalog.V1.ProductEvent.ChangeOneofCase;

namespace Catalog.Queries.Watching;

/// <summary>Events as watchers may see them: without who acted.</summary>
internal static class PublicEvent
{
    /// <summary>The event without its actor. Shares the product with the original, which other watchers read too: neither may be changed.</summary>
    public static ProductEvent Of(ProductEvent change)
    {
        if (change.Actor.Length == 0) return change;
        var shown = new ProductEvent
        {
            EventId = change.EventId,
            LogId = change.LogId,
            Name = change.Name,
            Version = change.Version,
            Position = change.Position,
            OccurredTime = change.OccurredTime,
            Product = change.Product,
        };
        switch (change.ChangeCase)
        {
            case Change.Created: shown.Created = change.Created; break;
            case Change.Updated: shown.Updated = change.Updated; break;
            case Change.PriceChanged: shown.PriceChanged = change.PriceChanged; break;
            case Change.StockAdjusted: shown.StockAdjusted = change.StockAdjusted; break;
            case Change.Activated: shown.Activated = change.Activated; break;
            case Change.Discontinued: shown.Discontinued = change.Discontinued; break;
            case Change.Deleted: shown.Deleted = change.Deleted; break;
            default: break;
        }
        return shown;
    }
}
