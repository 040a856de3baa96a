using Catalog.V1;

namespace Catalog.Elasticsearch.Writing;

/// <summary>The states as facets and filters write them.</summary>
internal static class States
{
    private static readonly string[] Names =
        [.. Enum.GetValues<Product.Types.State>().Order().Select(state => state.ToString().ToUpperInvariant())];

    public static string NameOf(Product.Types.State state) =>
        (int)state >= 0 && (int)state < Names.Length ? Names[(int)state] : throw new ArgumentException($"{state} is no state.", nameof(state));
}
