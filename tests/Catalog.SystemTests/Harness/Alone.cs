namespace Catalog.SystemTests;

/// <summary>Tests that start and kill so many processes that beside them nothing else would keep its time: they run when the others are done.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    /// <summary>What such a test names.</summary>
    public const string Name = "alone";
}
