using System.Text.Json;
using Catalog.V1;
using Google.Type;
using Status = Google.Rpc.Status;

namespace Catalog.Standalone.Import;

/// <summary>
/// Reads an <see cref="ImportRow"/> in proto3 JSON. By hand, because the generic parser of Google.Protobuf stops at the first fault and does not say in
/// which field; this one names all of them, and needs half the time.
/// </summary>
internal ref struct JsonRow
{
    private const string Known = "productId, sku, title, description, brand, categories, attributes, price, stockQuantity, state";

    private readonly ImportRow _row = new();
    private Utf8JsonReader _json;
    private readonly Violations _violations = new();
    private int _seen;

    private JsonRow(ReadOnlySpan<byte> json) => _json = new Utf8JsonReader(json);

    /// <summary>The row, or null and why it cannot be read.</summary>
    public static ImportRow? Parse(ReadOnlySpan<byte> json, out Status? refusal)
    {
        var parser = new JsonRow(json);
        try
        {
            parser.ReadRow();
        }
        catch (JsonException e)
        {
            // The reader's own words, without the line number, which is always 0 here.
            var end = e.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
            parser._violations.Add("row", $"is not valid JSON at byte {e.BytePositionInLine + 1}: {(end < 0 ? e.Message : e.Message[..end])}");
        }
        catch (InvalidOperationException)
        {
            parser._violations.Add("row", "is not valid Unicode: an escape is half of a surrogate pair");
        }
        refusal = parser._violations.ToStatus();
        return refusal is null ? parser._row : null;
    }

    private void ReadRow()
    {
        _json.Read();
        if (_json.TokenType != JsonTokenType.StartObject)
        {
            _violations.Add("row", "is not a JSON object");
            return;
        }
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName) ReadField();
        _json.Read(); // Throws if anything follows the object.
    }

    private void ReadField()
    {
        if (Is("productId"u8, "product_id"u8)) { if (Begin(0, "product_id")) _row.ProductId = Text("product_id"); }
        else if (Is("sku"u8)) { if (Begin(1, "sku")) _row.Sku = Text("sku"); }
        else if (Is("title"u8)) { if (Begin(2, "title")) _row.Title = Text("title"); }
        else if (Is("description"u8)) { if (Begin(3, "description")) _row.Description = Text("description"); }
        else if (Is("brand"u8)) { if (Begin(4, "brand")) _row.Brand = Text("brand"); }
        else if (Is("categories"u8)) { if (Begin(5, "categories")) ReadCategories(); }
        else if (Is("attributes"u8)) { if (Begin(6, "attributes")) ReadAttributes(); }
        else if (Is("price"u8)) { if (Begin(7, "price")) ReadPrice(); }
        else if (Is("stockQuantity"u8, "stock_quantity"u8)) { if (Begin(8, "stock_quantity")) _row.StockQuantity = Integer("stock_quantity"); }
        else if (Is("state"u8)) { if (Begin(9, "state")) ReadState(); }
        else if (Is("row"u8)) Skip(); // The number of the row is its line.
        else Unknown("row", Known);
    }

    private void ReadCategories()
    {
        if (!Expect(JsonTokenType.StartArray, "categories", "is not a list of texts")) return;
        while (_json.Read() && _json.TokenType != JsonTokenType.EndArray) _row.Categories.Add(Text("categories"));
    }

    private void ReadAttributes()
    {
        if (!Expect(JsonTokenType.StartObject, "attributes", "is not an object of texts")) return;
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            var key = Text("attributes");
            _json.Read();
            if (_json.TokenType == JsonTokenType.String) _row.Attributes[key] = Text("attributes");
            else Wrong($"attributes.{key}", "is not a text; put it in quotes");
        }
    }

    private void ReadPrice()
    {
        if (!Expect(JsonTokenType.StartObject, "price", "is not an object such as {\"currencyCode\":\"USD\",\"units\":\"19\",\"nanos\":990000000}")) return;
        var price = _row.Price = new Money();
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            if (Is("currencyCode"u8, "currency_code"u8)) { if (Begin(10, "price.currency_code")) price.CurrencyCode = Text("price.currency_code"); }
            else if (Is("units"u8)) { if (Begin(11, "price.units")) price.Units = Integer("price.units"); }
            else if (Is("nanos"u8)) { if (Begin(12, "price.nanos")) price.Nanos = (int)Integer("price.nanos", int.MinValue, int.MaxValue); }
            else Unknown("price", "currencyCode, units, nanos");
        }
    }

    private void ReadState()
    {
        if (_json.TokenType == JsonTokenType.Number && _json.TryGetInt32(out var number) && number is >= 0 and <= 3)
            _row.State = (Product.Types.State)number;
        else if (_json.TokenType == JsonTokenType.String && States.TryParse(Text("state"), out var state))
            _row.State = state;
        else
            Wrong("state", States.Expected);
    }

    private readonly bool Is(ReadOnlySpan<byte> name) => _json.ValueTextEquals(name);

    private readonly bool Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> protoName) => Is(name) || Is(protoName);

    /// <summary>Moves on to a field's value. False if there is nothing to read: the value is null, or the field came before.</summary>
    private bool Begin(int bit, string field)
    {
        _json.Read();
        if ((_seen & 1 << bit) != 0) Wrong(field, "is given twice");
        else if (_json.TokenType != JsonTokenType.Null)
        {
            _seen |= 1 << bit;
            return true;
        }
        return false;
    }

    private string Text(string field)
    {
        if (_json.TokenType is JsonTokenType.String or JsonTokenType.PropertyName) return _json.GetString()!;
        Wrong(field, "is not a text; put it in quotes");
        return "";
    }

    /// <summary>A whole number, bare or in quotes, as proto3 JSON has it; 5.0 is one, too.</summary>
    private long Integer(string field, long min = long.MinValue, long max = long.MaxValue)
    {
        long value = 0;
        var read = _json.TokenType switch
        {
            JsonTokenType.Number => _json.TryGetInt64(out value)
                || (_json.TryGetDecimal(out var number) && number == decimal.Truncate(number) && number <= max && number >= min && (value = (long)number) == number),
            JsonTokenType.String => long.TryParse(Text(field), out value),
            _ => false,
        };
        if (read && value >= min && value <= max) return value;
        Wrong(field, "is not a whole number in range");
        return 0;
    }

    private bool Expect(JsonTokenType token, string field, string otherwise)
    {
        if (_json.TokenType == token) return true;
        Wrong(field, otherwise);
        return false;
    }

    private void Unknown(string where, string known)
    {
        _violations.Add(where, $"has an unknown field {Violations.Quote(Text(where))}; known are {known}");
        Skip();
    }

    private void Wrong(string field, string description)
    {
        _violations.Add(field, description);
        if (_json.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray) _json.Skip();
    }

    private void Skip()
    {
        _json.Read();
        _json.Skip();
    }
}
