using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Catalog.Elasticsearch.Http;
using Catalog.Queries.Filtering;
using Catalog.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Catalog.Elasticsearch.Writing;

/// <summary>
/// Writes products as operations of a bulk request, straight into its body. One at a time: the working memory is used again for the next.
/// </summary>
internal sealed class DocumentWriter : IDisposable
{
    private readonly PooledBuffer _body, _text = new();
    private readonly Utf8JsonWriter _json;

    public DocumentWriter(PooledBuffer body)
    {
        _body = body;
        _json = new Utf8JsonWriter(body, ElasticsearchClient.Json);
    }

    /// <summary>Appends a product; returns why no index can take it, and appends nothing then.</summary>
    public string? Append(Product product)
    {
        if (!ProductName.TryParse(product.Name, out var id)) return $"`{product.Name}` is not the name of a product.";
        var start = _body.Length;
        try
        {
            WriteOperation(id, product.Version);
            _json.Reset();
            _json.WriteStartObject();
            if (product.State != Product.Types.State.Deleted) WriteFields(product);
            _json.WriteEndObject();
            _json.Flush();
            _body.Add((byte)'\n');
            return null;
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or OverflowException)
        {
            // A time or an amount that is none.
            _body.Truncate(start);
            return e.Message;
        }
    }

    public void Dispose()
    {
        _json.Dispose();
        _text.Return();
    }

    private void WriteOperation(string id, long version)
    {
        var line = _body.GetSpan(128 + id.Length);
        var length = Copy("{\"index\":{\"_id\":\""u8, line, 0);
        length += Encoding.ASCII.GetBytes(id, line[length..]);
        length = Copy("\",\"version\":"u8, line, length);
        Utf8Formatter.TryFormat(version, line[length..], out var digits);
        length = Copy(",\"version_type\":\"external\"}}\n"u8, line, length + digits);
        _body.Advance(length);
    }

    private void WriteFields(Product product)
    {
        _text.Truncate(0);
        var size = product.CalculateSize();
        product.WriteTo(_text.GetSpan(size)[..size]);
        _json.WriteBase64String("body"u8, _text.GetSpan(size)[..size]);

        _json.WriteString("name"u8, product.Name);
        WriteText("sku"u8, product.Sku);
        WriteSortKey("sku_sort"u8, product.Sku);
        WriteText("title"u8, product.Title);
        WriteText("title_lower"u8, FilterExpression.Has.FoldCase(product.Title));
        WriteSortKey("title_sort"u8, product.Title);
        WriteText("brand"u8, product.Brand);
        WriteText("brand_lower"u8, FilterExpression.Has.FoldCase(product.Brand));
        WriteSortKey("brand_sort"u8, product.Brand);
        if (product.Categories.Count > 0) WriteCategories(product);
        if (product.Attributes.Count > 0) WriteAttributes(product);
        if (product.Price is { } price)
        {
            _json.WriteNumber("price"u8, price.ToNanos());
            WriteText("currency"u8, price.CurrencyCode);
        }
        _json.WriteNumber("stock"u8, product.StockQuantity);
        _json.WriteString("state"u8, States.NameOf(product.State));
        WriteTime("created"u8, product.CreateTime);
        WriteTime("updated"u8, product.UpdateTime);
        _json.WriteNumber("version"u8, product.Version);
        WriteTerms(product);
    }

    private void WriteTerms(Product product)
    {
        _text.Truncate(0);
        var words = TermsText.Append(product.Title, _text);
        _json.WriteNumber("title_words"u8, Math.Min(words, byte.MaxValue));
        _json.WriteString("title_terms"u8, _text.Written.Span);
        _json.WriteStartArray("naming"u8);
        _json.WriteStringValue(_text.Written.Span);
        WriteTermsValue(product.Sku);
        _json.WriteEndArray();

        _json.WriteStartArray("describing"u8);
        WriteTermsValue(product.Brand);
        foreach (var category in product.Categories) WriteTermsValue(category);
        foreach (var value in product.Attributes.Values) WriteTermsValue(value);
        _json.WriteEndArray();

        if (product.Description.Length == 0) return;
        _json.WritePropertyName("prose"u8);
        WriteTermsValue(product.Description);
    }

    private void WriteTermsValue(string text)
    {
        _text.Truncate(0);
        TermsText.Append(text, _text);
        _json.WriteStringValue(_text.Written.Span);
    }

    private void WriteCategories(Product product)
    {
        _json.WriteStartArray("categories"u8);
        foreach (var category in product.Categories) _json.WriteStringValue(category);
        _json.WriteEndArray();
    }

    private void WriteAttributes(Product product)
    {
        _json.WriteStartArray("attributes"u8);
        foreach (var (key, value) in product.Attributes) _json.WriteStringValue(AttributeTerm.Of(key, value));
        _json.WriteEndArray();
        _json.WriteStartArray("attributes_lower"u8);
        foreach (var (key, value) in product.Attributes) _json.WriteStringValue(AttributeTerm.Of(key, FilterExpression.Has.FoldCase(value)));
        _json.WriteEndArray();
        _json.WriteStartArray("attribute_keys"u8);
        foreach (var key in product.Attributes.Keys) _json.WriteStringValue(key);
        _json.WriteEndArray();
    }

    // An empty text is none.
    private void WriteText(ReadOnlySpan<byte> field, string text)
    {
        if (text.Length > 0) _json.WriteString(field, text);
    }

    private void WriteSortKey(ReadOnlySpan<byte> field, string text)
    {
        if (SortKeys.Of(text) is { } key) _json.WriteString(field, key);
    }

    private void WriteTime(ReadOnlySpan<byte> field, Timestamp? time)
    {
        if (time is not null) _json.WriteNumber(field, time.ToDateTimeOffset().UtcTicks);
    }

    private static int Copy(ReadOnlySpan<byte> text, Span<byte> line, int at)
    {
        text.CopyTo(line[at..]);
        return at + text.Length;
    }
}
