using Catalog.V1;

namespace Catalog.Standalone.Import;

/// <summary>States as people write them: <c>STATE_ACTIVE</c>, the form of the contract, or just <c>ACTIVE</c>.</summary>
internal static class States
{
    public const string Expected = "is not one of STATE_DRAFT, STATE_ACTIVE, STATE_DISCONTINUED";

    public static bool TryParse(ReadOnlySpan<char> text, out Product.Types.State state)
    {
        if (text.StartsWith("STATE_")) text = text["STATE_".Length..];
        (state, var known) = text switch
        {
            "UNSPECIFIED" => (Product.Types.State.Unspecified, true),
            "DRAFT" => (Product.Types.State.Draft, true),
            "ACTIVE" => (Product.Types.State.Active, true),
            "DISCONTINUED" => (Product.Types.State.Discontinued, true),
            _ => (default, false),
        };
        return known;
    }
}
