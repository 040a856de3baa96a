using System.Diagnostics.CodeAnalysis;

namespace Catalog.V1;

/// <summary>The resource name of a product, <c>products/{product}</c>, and the rule for the id inside it (AIP-122).</summary>
public static class ProductName
{
    private const string Prefix = "products/";

    /// <summary>The longest product id, in characters.</summary>
    public const int MaxIdLength = 63;

    /// <summary>The rule for ids in words for people: the regular expression that they match.</summary>
    public const string IdPattern = "[a-z0-9][a-z0-9-]{0,62}";

    /// <summary>The resource name of the product with this id.</summary>
    public static string Format(string productId) => Prefix + productId;

    /// <summary>Whether <paramref name="productId"/> matches <see cref="IdPattern"/>.</summary>
    public static bool IsId(ReadOnlySpan<char> productId)
    {
        if (productId.Length is 0 or > MaxIdLength || productId[0] == '-') return false;
        foreach (var c in productId)
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-') return false;
        return true;
    }

    /// <summary>Takes the id out of a resource name; false if it is not the name of a product.</summary>
    public static bool TryParse(string name, [NotNullWhen(true)] out string? productId)
    {
        productId = name.StartsWith(Prefix, StringComparison.Ordinal) && IsId(name.AsSpan(Prefix.Length)) ? name[Prefix.Length..] : null;
        return productId is not null;
    }
}
