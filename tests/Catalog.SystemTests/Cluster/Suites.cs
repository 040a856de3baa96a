namespace Catalog.SystemTests;

/// <summary>The suite of the commands on three processes.</summary>
public sealed class ClusterCommandTests(SharedCluster shared) : CommandSuite(shared.Catalog);

/// <summary>The suite of repeated commands on three processes.</summary>
public sealed class ClusterRepetitionTests(SharedCluster shared) : RepetitionSuite(shared.Catalog);

/// <summary>The suite of batches on three processes.</summary>
public sealed class ClusterBatchTests(SharedCluster shared) : BatchSuite(shared.Catalog);

/// <summary>The suite of imports on three processes.</summary>
public sealed class ClusterImportTests(SharedCluster shared) : ImportSuite(shared.Catalog);

/// <summary>The suite of reads on three processes.</summary>
public sealed class ClusterQueryTests(SharedCluster shared) : QuerySuite(shared.Catalog);

/// <summary>The suite of consistency tokens on three processes.</summary>
public sealed class ClusterTokenTests(SharedCluster shared) : TokenSuite(shared.Catalog);

/// <summary>The suite of watches on three processes.</summary>
public sealed class ClusterWatchTests(SharedCluster shared) : WatchSuite(shared.Catalog);

/// <summary>The suite of mistakes over gRPC on three processes.</summary>
public sealed class ClusterGrpcGarbageTests(SharedCluster shared) : GrpcGarbageSuite(shared.Catalog);

/// <summary>The suite of mistakes over REST on three processes.</summary>
public sealed class ClusterRestGarbageTests(SharedCluster shared) : RestGarbageSuite(shared.Catalog)
{
    /// <inheritdoc />
    protected override bool KnowsSomePaths => true;
}

/// <summary>The suite of health, reflection and metrics on three processes.</summary>
public sealed class ClusterHostTests(SharedCluster shared) : HostSuite(shared.Catalog);

/// <summary>The golden files on three processes.</summary>
public sealed class ClusterGoldenTests(SharedCluster shared) : GoldenSuite(shared.Catalog);

/// <summary>The suite of prices, stocks and states on three processes.</summary>
public sealed class ClusterCommerceTests(SharedCluster shared) : CommerceSuite(shared.Catalog);

/// <summary>The suite of paging on three processes.</summary>
public sealed class ClusterPagingTests(SharedCluster shared) : PagingSuite(shared.Catalog);
