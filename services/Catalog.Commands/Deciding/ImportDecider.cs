using Catalog.V1;
using State = Catalog.V1.Product.Types.State;

namespace Catalog.Commands;

/// <summary>What a row of an import comes to: it is an upsert, and equal to what is stored it is nothing.</summary>
internal static class ImportDecider
{
    public static Decision Import(Product? current, ImportRow row, Moment moment)
    {
        if (current is { State: State.Deleted }) return ProductDecider.IdTaken(current);
        var product = current?.Clone() ?? new Product { State = State.Draft };
        product.Sku = row.Sku;
        product.Title = row.Title;
        product.Description = row.Description;
        product.Brand = row.Brand;
        product.Categories.Clear();
        product.Categories.Add(row.Categories);
        product.Attributes.Clear();
        product.Attributes.Add(row.Attributes);
        if (row.Price is not null) product.Price = row.Price;
        if (row.HasStockQuantity) product.StockQuantity = row.StockQuantity;
        if (row.State != State.Unspecified) product.State = row.State;

        if (current is null) return ProductDecider.Happened(null, product, moment, e => e.Created = new ProductCreated());
        if (current.State != product.State && product.State == State.Draft) return ProductDecider.WrongState(current, "become a DRAFT again");
        if (current.State == State.Draft && product.State == State.Discontinued)
            return ProductDecider.WrongState(current, "be discontinued; only an ACTIVE product can");
        return ProductDecider.Updated(current, product, moment);
    }
}
