namespace Catalog.Queries;

/// <summary>What a clause of a search earns a product, the same in every index, so that the order is the same.</summary>
internal static class RankPoints
{
    /// <summary>How many clauses decide on the rank of a match. The others must match, and no more.</summary>
    public const int MaxClauses = 8;

    /// <summary>Words where the product is named.</summary>
    public const int Naming = 4;

    /// <summary>Words where the product is described.</summary>
    public const int Describing = 2;
}
