namespace Catalog.SystemTests.Gateway;

/// <summary>The suite of the commands on three processes behind the gateway.</summary>
public sealed class ClusterGatewayCommandTests(ClusterGateway gateway) : CommandSuite(gateway.Catalog), IClassFixture<ClusterGateway>;

/// <summary>The suite of repeated commands on three processes behind the gateway.</summary>
public sealed class ClusterGatewayRepetitionTests(ClusterGateway gateway) : RepetitionSuite(gateway.Catalog), IClassFixture<ClusterGateway>;

/// <summary>The suite of batches on three processes behind the gateway.</summary>
public sealed class ClusterGatewayBatchTests(ClusterGateway gateway) : BatchSuite(gateway.Catalog), IClassFixture<ClusterGateway>
{
    /// <inheritdoc />
    protected override bool LosesKeysInABody => true;
}

/// <summary>The suite of imports on three processes behind the gateway.</summary>
public sealed class ClusterGatewayImportTests(ClusterGateway gateway) : ImportSuite(gateway.Catalog), IClassFixture<ClusterGateway>;

/// <summary>The suite of reads on three processes behind the gateway.</summary>
public sealed class ClusterGatewayQueryTests(ClusterGateway gateway) : QuerySuite(gateway.Catalog), IClassFixture<ClusterGateway>;

/// <summary>The suite of consistency tokens on three processes behind the gateway.</summary>
public sealed class ClusterGatewayTokenTests(ClusterGateway gateway) : TokenSuite(gateway.Catalog), IClassFixture<ClusterGateway>;

/// <summary>The suite of watches on three processes behind the gateway.</summary>
public sealed class ClusterGatewayWatchTests(ClusterGateway gateway) : WatchSuite(gateway.Catalog), IClassFixture<ClusterGateway>;

/// <summary>The suite of mistakes over gRPC on three processes behind the gateway.</summary>
public sealed class ClusterGatewayGrpcGarbageTests(ClusterGateway gateway) : GrpcGarbageSuite(gateway.Catalog), IClassFixture<ClusterGateway>
{
    /// <inheritdoc />
    protected override bool SpeaksGrpcWeb => true;
}

/// <summary>The suite of mistakes over REST on three processes behind the gateway.</summary>
public sealed class ClusterGatewayRestGarbageTests(ClusterGateway gateway) : RestGarbageSuite(gateway.Catalog), IClassFixture<ClusterGateway>
{
    /// <inheritdoc />
    protected override bool MixesOneAndMany => true;

    /// <inheritdoc />
    protected override bool TakesNoBodyForAnEmptyOne => true;

    /// <inheritdoc />
    protected override bool NamesTheFirstOnly => true;
}

/// <summary>The suite of health, reflection and metrics on three processes behind the gateway.</summary>
public sealed class ClusterGatewayHostTests(ClusterGateway gateway) : HostSuite(gateway.Catalog), IClassFixture<ClusterGateway>;

/// <summary>The golden files on three processes behind the gateway.</summary>
public sealed class ClusterGatewayGoldenTests(ClusterGateway gateway) : GoldenSuite(gateway.Catalog), IClassFixture<ClusterGateway>;

/// <summary>The suite of prices, stocks and states on three processes behind the gateway.</summary>
public sealed class ClusterGatewayCommerceTests(ClusterGateway gateway) : CommerceSuite(gateway.Catalog), IClassFixture<ClusterGateway>;

/// <summary>The suite of paging on three processes behind the gateway.</summary>
public sealed class ClusterGatewayPagingTests(ClusterGateway gateway) : PagingSuite(gateway.Catalog), IClassFixture<ClusterGateway>;
