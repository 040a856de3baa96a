using System.Globalization;
using Catalog.V1;
using State = Catalog.V1.Product.Types.State;

namespace Catalog.Queries.Filtering;

/// <summary>Gives one restriction its types: which operators a field knows, and what its values are.</summary>
internal static class FilterRestriction
{
    /// <summary>The restriction; a null comparison is <c>:</c>. Null where it makes no sense, and the scanner knows why.</summary>
    public static FilterExpression? Build(FilterScanner scanner, Field field, Comparison? comparison, int operatorAt, FilterValue value)
    {
        if (Refusal(field, comparison, value) is { } refusal)
        {
            scanner.Fail(operatorAt, refusal);
            return null;
        }
        if (comparison is null) return Has(scanner, field, value);
        var (typed, expected) = Convert(field.Kind, comparison.Value, value.Text);
        if (typed is not null) return new FilterExpression.Compare(field, comparison.Value, typed);
        scanner.Fail(value.At, $"expected {expected}, found `{Violations.Cut(value.Text, 40)}`");
        return null;
    }

    private static string? Refusal(Field field, Comparison? comparison, FilterValue value) => (field.Kind, comparison) switch
    {
        (FieldKind.Attribute, null) when field.Key.Length == 0 && value.IsStar => "name an attribute: attributes:key tells whether it is there",
        (FieldKind.Attribute, not null) when field.Key.Length == 0 => "name an attribute: attributes.key = \"value\", or attributes:key",
        (FieldKind.Attribute, not (null or Comparison.Equals or Comparison.NotEquals)) => "attributes are texts in no order: use =, != or :",
        (FieldKind.Categories, not null) => "categories are a list: use categories:\"value\"",
        (FieldKind.State, not (Comparison.Equals or Comparison.NotEquals)) => "state is compared with = and != only",
        (FieldKind.Price or FieldKind.StockQuantity or FieldKind.Version or FieldKind.CreateTime or FieldKind.UpdateTime, null) when !value.IsStar =>
            $"{FieldPath.NameOf(field.Kind)} is compared with =, !=, <, <=, > and >=; {FieldPath.NameOf(field.Kind)}:* tells whether there is one",
        (FieldKind.Sku or FieldKind.Title or FieldKind.Brand or FieldKind.CurrencyCode or FieldKind.Categories or FieldKind.Attribute, _) when !value.Quoted && value.Text.Contains('*') && !(comparison is null && value.IsStar) =>
            "* stands for nothing but itself here: use `:` for a part of the text, `:*` for any, or quotes where it is a part of the value",
        _ => null,
    };

    private static FilterExpression? Has(FilterScanner scanner, Field field, FilterValue value)
    {
        if (field is { Kind: FieldKind.Attribute, Key.Length: 0 }) field = field with { Key = value.Text };
        else if (!value.IsStar)
        {
            if (value.Text.Length > 0) return new FilterExpression.Has(field, value.Text);
            scanner.Fail(value.At, "expected a text to look for; `*` without quotes asks whether there is one");
            return null;
        }
        if (field is not { Kind: FieldKind.Attribute, Key.Length: 0 }) return new FilterExpression.Present(field);
        scanner.Fail(value.At, "expected the key of an attribute");
        return null;
    }

    private static (object? Value, string Expected) Convert(FieldKind kind, Comparison comparison, string text)
    {
        switch (kind)
        {
            case FieldKind.Price:
                return (Amount.TryParse(text, out var nanos) ? nanos : null, "an amount such as 19.99, with at most 9 decimal places");
            case FieldKind.StockQuantity or FieldKind.Version:
                return (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null, "a whole number");
            case FieldKind.CreateTime or FieldKind.UpdateTime:
                return (TryTime(text, out var ticks) ? ticks : null, "a time such as 2025-01-31T12:00:00Z (RFC 3339)");
            case FieldKind.State:
                return (TryState(text, out var state) ? state : null, "DRAFT, ACTIVE or DISCONTINUED (a search never shows what was deleted)");
            case FieldKind.Name when comparison is Comparison.Equals or Comparison.NotEquals:
                return (ProductName.TryParse(text, out _) ? text : null, "the name of a product, products/{product}");
            case FieldKind.Attribute:
                return (text, "");
            default:
                return (text.Length > 0 ? text : null, $"a text; {FieldPath.NameOf(kind)}:* asks whether there is one");
        }
    }

    private static bool TryTime(string text, out long ticks)
    {
        ticks = 0;
        if (text is not [.., 'Z'] and not [.., '+' or '-', _, _, ':', _, _]) return false;
        // JSON writes nine digits of a second where three or six do not do; of ours the last two are always 0.
        var digits = text.LastIndexOf('.') + 1;
        var end = digits > 0 ? text.AsSpan(digits).IndexOfAnyExceptInRange('0', '9') + digits : 0;
        if (end - digits is 8 or 9 && text.AsSpan(digits + 7, end - digits - 7).TrimEnd('0').IsEmpty) text = text.Remove(digits + 7, end - digits - 7);
        if (!DateTimeOffset.TryParseExact(text, "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)) return false;
        ticks = time.UtcTicks;
        return true;
    }

    private static bool TryState(string text, out State state)
    {
        const string Prefix = "STATE_";
        var name = text.StartsWith(Prefix, StringComparison.Ordinal) ? text.AsSpan(Prefix.Length) : text;
        state = name switch
        {
            "DRAFT" => State.Draft,
            "ACTIVE" => State.Active,
            "DISCONTINUED" => State.Discontinued,
            _ => State.Unspecified,
        };
        return state != State.Unspecified;
    }
}
