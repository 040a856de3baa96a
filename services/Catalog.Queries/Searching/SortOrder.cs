using Catalog.Queries.Filtering;
using Catalog.V1;

namespace Catalog.Queries;

/// <summary>Reads <c>order_by</c> (https://google.aip.dev/132#ordering): fields separated by commas, each with <c>desc</c> behind it or not.</summary>
internal static class SortOrder
{
    private const int MaxLength = 1000;
    private const string Sortable = "name, sku, title, brand, price, stock_quantity, create_time and update_time";

    /// <summary>Best first.</summary>
    public static readonly SortBy Relevance = new(Field: null, Descending: true);

    /// <summary>The order that was asked for; without one, by relevance if there is a text to be relevant to, else by name, which comes last in every order.</summary>
    public static IReadOnlyList<SortBy> Read(string orderBy, bool hasText, Violations violations)
    {
        if (string.IsNullOrWhiteSpace(orderBy)) return hasText ? [Relevance] : [];
        if (orderBy.Length > MaxLength)
        {
            violations.Add("order_by", $"must have at most {MaxLength} characters");
            return [];
        }
        List<SortBy> order = [];
        foreach (var part in orderBy.Split(','))
        {
            var words = part.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words is not ([_] or [_, "asc" or "desc"]))
            {
                violations.Add("order_by", $"`{part.Trim()}` is not a field with `desc` behind it or not, such as `price desc, title`");
                return order;
            }
            var name = words[0];
            if (KindOf(name) is not { } kind) violations.Add("order_by", $"cannot sort by `{name}`; {Sortable} can be sorted by");
            else if (order.Exists(by => by.Field!.Value.Kind == kind)) violations.Add("order_by", $"`{name}` comes twice");
            else order.Add(new SortBy(new Field(kind), words is [_, "desc"]));
        }
        return order;
    }

    private static FieldKind? KindOf(string name) => name switch
    {
        "name" => FieldKind.Name,
        "sku" => FieldKind.Sku,
        "title" => FieldKind.Title,
        "brand" => FieldKind.Brand,
        "price" => FieldKind.Price,
        "stock_quantity" => FieldKind.StockQuantity,
        "create_time" => FieldKind.CreateTime,
        "update_time" => FieldKind.UpdateTime,
        _ => null,
    };
}
