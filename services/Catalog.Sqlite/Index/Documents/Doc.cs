using System.Text;
using Catalog.Queries;
using Catalog.Queries.Filtering;
using Catalog.V1;
using Timestamp = Google.Protobuf.WellKnownTypes.Timestamp;

namespace Catalog.Sqlite.Index.Documents;

/// <summary>
/// What filters, facets and orders need to know of a product, in memory: a search then reads the bodies of one page only. Never changes.
/// </summary>
internal sealed class Doc
{
    /// <summary>Stands for a number that is not there.</summary>
    public const long Missing = long.MinValue;

    private const int NamePrefix = 9; // products/

    private readonly byte[] _text; // name, SKU and title in UTF-8
    private readonly byte[]? _titleKey; // where it is not just the title in lower case
    private readonly ushort _skuEnd;
    private readonly byte _nameEnd;

    /// <summary>Takes the values of a product whose name is valid. Throws where a value is none, such as a time beyond the calendar.</summary>
    public Doc(Product product, int titleWords, TermTable terms)
    {
        Version = product.Version;
        Price = product.Price?.ToNanos() ?? Missing;
        Stock = product.StockQuantity;
        Created = Ticks(product.CreateTime);
        Updated = Ticks(product.UpdateTime);
        State = checked((byte)product.State);
        TitleWords = (byte)Math.Min(titleWords, byte.MaxValue);

        var name = Encoding.UTF8.GetByteCount(product.Name);
        var sku = Encoding.UTF8.GetByteCount(product.Sku);
        _nameEnd = checked((byte)name);
        _skuEnd = checked((ushort)(name + sku));
        _text = new byte[name + sku + Encoding.UTF8.GetByteCount(product.Title)];
        Encoding.UTF8.GetBytes(product.Name, _text);
        Encoding.UTF8.GetBytes(product.Sku, _text.AsSpan(_nameEnd));
        Encoding.UTF8.GetBytes(product.Title, _text.AsSpan(_skuEnd));
        if (!Ascii.IsValid(Title)) _titleKey = SortText.Key(product.Title);

        // Nothing can fail from here on: terms that were taken must be released.
        if (product.Brand.Length > 0) Brand = terms.Take(new Field(FieldKind.Brand), product.Brand);
        if (product.Price?.CurrencyCode is { Length: > 0 } currency) Currency = terms.Take(new Field(FieldKind.CurrencyCode), currency);
        Terms = new Term[product.Categories.Count + product.Attributes.Count];
        var next = 0;
        foreach (var category in product.Categories) Terms[next++] = terms.Take(new Field(FieldKind.Categories), category);
        foreach (var (key, value) in product.Attributes) Terms[next++] = terms.Take(new Field(FieldKind.Attribute, key), value);
    }

    public long Version { get; }

    /// <summary>In nanos.</summary>
    public long Price { get; }

    public long Stock { get; }

    /// <summary>In ticks, UTC.</summary>
    public long Created { get; }

    /// <summary>In ticks, UTC.</summary>
    public long Updated { get; }

    public byte State { get; }

    /// <summary>How many words the title has; 255 for more.</summary>
    public byte TitleWords { get; }

    public Term? Brand { get; }

    public Term? Currency { get; }

    /// <summary>Categories and attributes.</summary>
    public Term[] Terms { get; }

    public ReadOnlySpan<byte> Name => _text.AsSpan(0, _nameEnd);

    public ReadOnlySpan<byte> Id => _text.AsSpan(NamePrefix, _nameEnd - NamePrefix);

    public ReadOnlySpan<byte> Sku => _text.AsSpan(_nameEnd, _skuEnd - _nameEnd);

    public ReadOnlySpan<byte> Title => _text.AsSpan(_skuEnd);

    /// <summary>A number; <see cref="Missing"/> if the product has none there.</summary>
    public long Number(FieldKind kind) => kind switch
    {
        FieldKind.Price => Price,
        FieldKind.StockQuantity => Stock,
        FieldKind.CreateTime => Created,
        FieldKind.UpdateTime => Updated,
        FieldKind.Version => Version,
        FieldKind.State => State,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a number."),
    };

    /// <summary>A text in UTF-8; false if the product has none there.</summary>
    public bool TryText(Field field, out ReadOnlySpan<byte> text)
    {
        switch (field.Kind)
        {
            case FieldKind.Name: text = Name; break;
            case FieldKind.Sku: text = Sku; break;
            case FieldKind.Title: text = Title; break;
            default:
                var term = Single(field);
                text = term is null ? default : term.Value;
                return term is not null;
        }
        return text.Length > 0;
    }

    /// <summary>
    /// The key to sort a text by; empty if the product has none there. The scratch space must have <see cref="SortText.MaxBytes"/>.
    /// </summary>
    public ReadOnlySpan<byte> SortKey(Field field, Span<byte> scratch) => field.Kind switch
    {
        FieldKind.Name => SortKey(Name, scratch),
        FieldKind.Sku => SortKey(Sku, scratch),
        FieldKind.Title => _titleKey ?? SortKey(Title, scratch),
        _ => Single(field) is { } term ? term.SortKey : default(ReadOnlySpan<byte>),
    };

    // The one value of a field that has one.
    private Term? Single(Field field)
    {
        switch (field.Kind)
        {
            case FieldKind.Brand: return Brand;
            case FieldKind.CurrencyCode: return Currency;
            case FieldKind.Attribute:
                foreach (var term in Terms)
                    if (term.Field.Field.Kind == FieldKind.Attribute && term.Field.Field.Key == field.Key) return term;
                return null;
            default: throw new ArgumentOutOfRangeException(nameof(field), field, "Has no single text.");
        }
    }

    // What SortText.Key makes of plain ASCII, without making it.
    private static ReadOnlySpan<byte> SortKey(ReadOnlySpan<byte> text, Span<byte> scratch)
    {
        if (!Ascii.IsValid(text)) return SortText.Key(Encoding.UTF8.GetString(text)) ?? [];
        if (text.Length > SortText.MaxBytes) text = text[..SortText.MaxBytes];
        Ascii.ToLower(text, scratch, out var length);
        return scratch[..length];
    }

    private static long Ticks(Timestamp? time) => time?.ToDateTimeOffset().UtcTicks ?? Missing;
}
