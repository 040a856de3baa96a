using Catalog.V1;

namespace Catalog.Queries.Filtering;

/// <summary>A parsed and type-checked AIP-160 filter.</summary>
public abstract record FilterExpression
{
    /// <summary>All of them hold.</summary>
    public sealed record And(IReadOnlyList<FilterExpression> Terms) : FilterExpression;

    /// <summary>At least one of them holds.</summary>
    public sealed record Or(IReadOnlyList<FilterExpression> Terms) : FilterExpression;

    /// <summary>It does not hold.</summary>
    public sealed record Not(FilterExpression Term) : FilterExpression;

    /// <summary>
    /// A field compared with a value of its own type: <see cref="string"/> for texts, <see cref="long"/> for amounts (nanos), quantities, versions and times
    /// (<see cref="DateTimeOffset.UtcTicks"/>), <see cref="Product.Types.State"/> for the state. A product without the value (no price; no such attribute; an
    /// empty brand) satisfies only <see cref="Comparison.NotEquals"/>. Texts compare by their UTF-8 bytes, <c>Equals</c> and <c>NotEquals</c> exactly.
    /// </summary>
    public sealed record Compare(Field Field, Comparison Comparison, object Value) : FilterExpression;

    /// <summary>
    /// The <c>:</c> operator. On <c>categories</c>: one of them equals the value. On a text: it holds the value, in any case, as a part (<c>title:"usb"</c>).
    /// </summary>
    public sealed record Has(Field Field, string Value) : FilterExpression
    {
        /// <summary>How a text is made comparable: it holds a value if its folded form holds the folded value. Lower case, accents kept.</summary>
        public static string FoldCase(string text) => text.ToLowerInvariant();
    }

    /// <summary><c>field:*</c>: the product has a value there. <c>attributes:key</c> is the same as <c>attributes.key:*</c>.</summary>
    public sealed record Present(Field Field) : FilterExpression;
}

/// <summary>How a field and a value are compared.</summary>
public enum Comparison
{
    /// <summary><c>=</c></summary>
    Equals,
    /// <summary><c>!=</c></summary>
    NotEquals,
    /// <summary><c>&lt;</c></summary>
    Less,
    /// <summary><c>&lt;=</c></summary>
    LessOrEqual,
    /// <summary><c>&gt;</c></summary>
    Greater,
    /// <summary><c>&gt;=</c></summary>
    GreaterOrEqual,
}
