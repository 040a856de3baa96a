namespace Catalog.SystemTests;

/// <summary>The suite of the commands on one process.</summary>
public sealed class StandaloneCommandTests(SharedCatalog shared) : CommandSuite(shared.Catalog);

/// <summary>The suite of repeated commands on one process.</summary>
public sealed class StandaloneRepetitionTests(SharedCatalog shared) : RepetitionSuite(shared.Catalog);

/// <summary>The suite of batches on one process.</summary>
public sealed class StandaloneBatchTests(SharedCatalog shared) : BatchSuite(shared.Catalog);

/// <summary>The suite of imports on one process.</summary>
public sealed class StandaloneImportTests(SharedCatalog shared) : ImportSuite(shared.Catalog);

/// <summary>The suite of reads on one process.</summary>
public sealed class StandaloneQueryTests(SharedCatalog shared) : QuerySuite(shared.Catalog);

/// <summary>The suite of consistency tokens on one process.</summary>
public sealed class StandaloneTokenTests(SharedCatalog shared) : TokenSuite(shared.Catalog);

/// <summary>The suite of watches on one process.</summary>
public sealed class StandaloneWatchTests(SharedCatalog shared) : WatchSuite(shared.Catalog);

/// <summary>The suite of mistakes over gRPC on one process.</summary>
public sealed class StandaloneGrpcGarbageTests(SharedCatalog shared) : GrpcGarbageSuite(shared.Catalog);

/// <summary>The suite of mistakes over REST on one process.</summary>
public sealed class StandaloneRestGarbageTests(SharedCatalog shared) : RestGarbageSuite(shared.Catalog);

/// <summary>The suite of health, reflection and metrics on one process.</summary>
public sealed class StandaloneHostTests(SharedCatalog shared) : HostSuite(shared.Catalog);

/// <summary>The golden files on one process.</summary>
public sealed class StandaloneGoldenTests(SharedCatalog shared) : GoldenSuite(shared.Catalog);

/// <summary>The suite of prices, stocks and states on one process.</summary>
public sealed class StandaloneCommerceTests(SharedCatalog shared) : CommerceSuite(shared.Catalog);

/// <summary>The suite of paging on one process.</summary>
public sealed class StandalonePagingTests(SharedCatalog shared) : PagingSuite(shared.Catalog);
