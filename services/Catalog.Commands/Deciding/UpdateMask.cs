using System.Text.RegularExpressions;
using Catalog.V1;

namespace Catalog.Commands;

/// <summary>Which fields an update changes (AIP-134, AIP-161).</summary>
internal sealed partial class UpdateMask
{
    private static readonly Dictionary<string, Action<Product, Product>> Fields = new(StringComparer.Ordinal)
    {
        ["sku"] = (from, to) => to.Sku = from.Sku,
        ["title"] = (from, to) => to.Title = from.Title,
        ["description"] = (from, to) => to.Description = from.Description,
        ["brand"] = (from, to) => to.Brand = from.Brand,
        ["categories"] = (from, to) => { to.Categories.Clear(); to.Categories.Add(from.Categories); },
        ["attributes"] = (from, to) => { to.Attributes.Clear(); to.Attributes.Add(from.Attributes); },
    };

    /// <summary>Fields that have a command of their own, and its name.</summary>
    private static readonly Dictionary<string, string> Verbs = new(StringComparer.Ordinal)
    {
        ["price"] = "ChangePrice", ["stock_quantity"] = "AdjustStock", ["state"] = "ActivateProduct, DiscontinueProduct or DeleteProduct",
    };

    private readonly HashSet<string> _fields = new(StringComparer.Ordinal);
    private readonly HashSet<string> _attributes = new(StringComparer.Ordinal);

    /// <summary>The mask of a request that was checked before.</summary>
    public static UpdateMask Of(UpdateProductRequest request) => Read(request, null);

    /// <summary>Reads the mask of a request and notes what is wrong with it.</summary>
    public static UpdateMask Read(UpdateProductRequest request, Violations? violations)
    {
        var mask = new UpdateMask();
        var paths = request.UpdateMask?.Paths;
        if (paths is null or { Count: 0 })
        {
            // What is set counts.
            foreach (var field in Difference(new Product(), request.Product))
            {
                if (!Verbs.TryGetValue(field, out var verb)) mask._fields.Add(field);
                else violations?.Add($"product.{field}",
                    $"is set and there is no update_mask. It is changed by {verb}, not by an update: leave it out, or name the fields to change in update_mask.");
            }
            return mask;
        }
        foreach (var path in paths)
        {
            if (path == "*") mask._fields.UnionWith(Fields.Keys);
            else if (Fields.ContainsKey(path)) mask._fields.Add(path);
            else if (AttributeKey(path) is { Length: > 0 } key) mask._attributes.Add(key);
            else if (Verbs.TryGetValue(path, out var verb)) violations?.Add("update_mask", $"\"{path}\" is changed by {verb}, not by an update.");
            else violations?.Add("update_mask", $"\"{path}\" cannot be updated; sku, title, description, brand, categories, attributes and attributes.<key> can, and * means all of them.");
        }
        return mask;
    }

    /// <summary>Whether a field of the update's product counts.</summary>
    public bool Covers(string field) => _fields.Contains(field) || (field == "attributes" && _attributes.Count > 0);

    /// <summary>Copies the fields of the mask.</summary>
    public void Apply(Product from, Product to)
    {
        foreach (var field in _fields) Fields[field](from, to);
        foreach (var key in _attributes)
        {
            if (from.Attributes.TryGetValue(key, out var value)) to.Attributes[key] = value;
            else to.Attributes.Remove(key);
        }
    }

    /// <summary>The fields in which two products differ, those that only the service sets left out.</summary>
    public static List<string> Difference(Product before, Product after)
    {
        var changed = new List<string>();
        if (before.Sku != after.Sku) changed.Add("sku");
        if (before.Title != after.Title) changed.Add("title");
        if (before.Description != after.Description) changed.Add("description");
        if (before.Brand != after.Brand) changed.Add("brand");
        if (!before.Categories.Equals(after.Categories)) changed.Add("categories");
        if (!before.Attributes.Equals(after.Attributes)) changed.Add("attributes");
        if (!Equals(before.Price, after.Price)) changed.Add("price");
        if (before.StockQuantity != after.StockQuantity) changed.Add("stock_quantity");
        if (before.State != after.State) changed.Add("state");
        return changed;
    }

    // attributes.color, attributes.`any key` or attributes["any key"]
    private static string? AttributeKey(string path)
    {
        const string Prefix = "attributes";
        if (!path.StartsWith(Prefix, StringComparison.Ordinal)) return null;
        return path[Prefix.Length..] switch
        {
            ['[', '"', .. var key, '"', ']'] => Escaped().Replace(key, "${character}"),
            ['.', '`', .. var key, '`'] => key,
            ['.', .. var key] => key,
            _ => null,
        };
    }

    [GeneratedRegex(@"\\(?<character>.)", RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Escaped();
}
