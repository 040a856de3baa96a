using Catalog.V1;
using CsvHelper;
using Google.Type;

namespace Catalog.Standalone.Import;

/// <summary>What the columns of a CSV file mean, by its header.</summary>
internal sealed class CsvColumns
{
    private const string AttributePrefix = "attributes.";

    private static readonly string[] Known =
        ["product_id", "sku", "title", "description", "brand", "categories", "price", "currency", "stock_quantity", "state"];

    private readonly string[] _names;

    public CsvColumns(IEnumerable<string> header)
    {
        _names = header.Select(name => name.Trim()).ToArray();
        var unknown = _names.Where(name => !Known.Contains(name) && !(name.StartsWith(AttributePrefix, StringComparison.Ordinal) && name.Length > AttributePrefix.Length)).ToArray();
        if (unknown.Length > 0)
            throw new ImportException($"The header has unknown columns: {string.Join(", ", unknown.Select(name => Violations.Quote(name)))}. "
                + $"Known are {string.Join(", ", Known)} and {AttributePrefix}<key>, separated by commas.");
        if (_names.GroupBy(name => name).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new ImportException($"The header has the column \"{twice.Key}\" twice.");
        if (!_names.Contains("sku") || !_names.Contains("title"))
            throw new ImportException("The header lacks a column that every product needs: sku and title.");
    }

    public int Count => _names.Length;

    public ImportRow ToRow(CsvReader fields, Violations violations)
    {
        var row = new ImportRow();
        string price = "", currency = "";
        for (var i = 0; i < _names.Length; i++)
        {
            var value = fields.GetString(i);
            if (value.Length == 0) continue;
            switch (_names[i])
            {
                case "product_id": row.ProductId = value; break;
                case "sku": row.Sku = value; break;
                case "title": row.Title = value; break;
                case "description": row.Description = value; break;
                case "brand": row.Brand = value; break;
                case "categories": row.Categories.Add(value.Split('|', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)); break;
                case "price": price = value; break;
                case "currency": currency = value; break;
                case "stock_quantity":
                    if (long.TryParse(value, out var stock)) row.StockQuantity = stock;
                    else violations.Add("stock_quantity", $"{Violations.Quote(value)} is not a whole number");
                    break;
                case "state":
                    if (States.TryParse(value, out var state)) row.State = state;
                    else violations.Add("state", $"{Violations.Quote(value)} {States.Expected}");
                    break;
                case var name: row.Attributes[name[AttributePrefix.Length..]] = value; break;
            }
        }
        if (price.Length > 0) row.Price = ToPrice(price, currency, violations);
        return row;
    }

    private static Money? ToPrice(string price, string currency, Violations violations)
    {
        if (currency.Length == 0) violations.Add("currency", "is missing: a price needs one, such as USD");
        if (Amount.TryParse(price, out var nanos))
            return new Money { CurrencyCode = currency, Units = nanos / Amount.NanosPerUnit, Nanos = (int)(nanos % Amount.NanosPerUnit) };
        violations.Add("price", $"{Violations.Quote(price)} is not an amount such as 19.99");
        return null;
    }
}
