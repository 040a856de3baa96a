namespace Catalog.SystemTests;

/// <summary>The suite of the commands on a deployed catalog.</summary>
public sealed class DeployedCommandTests(DeployedCatalog deployed) : CommandSuite(deployed.Catalog);

/// <summary>The suite of repeated commands on a deployed catalog.</summary>
public sealed class DeployedRepetitionTests(DeployedCatalog deployed) : RepetitionSuite(deployed.Catalog);

/// <summary>The suite of batches on a deployed catalog.</summary>
public sealed class DeployedBatchTests(DeployedCatalog deployed) : BatchSuite(deployed.Catalog)
{
    /// <inheritdoc />
    protected override bool LosesKeysInABody => true;
}

/// <summary>The suite of imports on a deployed catalog.</summary>
public sealed class DeployedImportTests(DeployedCatalog deployed) : ImportSuite(deployed.Catalog);

/// <summary>The suite of reads on a deployed catalog.</summary>
public sealed class DeployedQueryTests(DeployedCatalog deployed) : QuerySuite(deployed.Catalog);

/// <summary>The suite of consistency tokens on a deployed catalog.</summary>
public sealed class DeployedTokenTests(DeployedCatalog deployed) : TokenSuite(deployed.Catalog);

/// <summary>The suite of watches on a deployed catalog.</summary>
public sealed class DeployedWatchTests(DeployedCatalog deployed) : WatchSuite(deployed.Catalog);

/// <summary>The suite of prices, stocks and states on a deployed catalog.</summary>
public sealed class DeployedCommerceTests(DeployedCatalog deployed) : CommerceSuite(deployed.Catalog);

/// <summary>The suite of paging on a deployed catalog.</summary>
public sealed class DeployedPagingTests(DeployedCatalog deployed) : PagingSuite(deployed.Catalog);
