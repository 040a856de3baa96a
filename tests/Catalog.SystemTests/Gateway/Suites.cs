namespace Catalog.SystemTests.Gateway;

/// <summary>The suite of the commands behind the gateway.</summary>
public sealed class GatewayCommandTests(StandaloneGateway gateway) : CommandSuite(gateway.Catalog), IClassFixture<StandaloneGateway>;

/// <summary>The suite of repeated commands behind the gateway.</summary>
public sealed class GatewayRepetitionTests(StandaloneGateway gateway) : RepetitionSuite(gateway.Catalog), IClassFixture<StandaloneGateway>;

/// <summary>The suite of batches behind the gateway.</summary>
public sealed class GatewayBatchTests(StandaloneGateway gateway) : BatchSuite(gateway.Catalog), IClassFixture<StandaloneGateway>
{
    /// <inheritdoc />
    protected override bool LosesKeysInABody => true;
}

/// <summary>The suite of imports behind the gateway.</summary>
public sealed class GatewayImportTests(StandaloneGateway gateway) : ImportSuite(gateway.Catalog), IClassFixture<StandaloneGateway>;

/// <summary>The suite of reads behind the gateway.</summary>
public sealed class GatewayQueryTests(StandaloneGateway gateway) : QuerySuite(gateway.Catalog), IClassFixture<StandaloneGateway>;

/// <summary>The suite of consistency tokens behind the gateway.</summary>
public sealed class GatewayTokenTests(StandaloneGateway gateway) : TokenSuite(gateway.Catalog), IClassFixture<StandaloneGateway>;

/// <summary>The suite of watches behind the gateway.</summary>
public sealed class GatewayWatchTests(StandaloneGateway gateway) : WatchSuite(gateway.Catalog), IClassFixture<StandaloneGateway>;

/// <summary>The suite of mistakes over gRPC behind the gateway.</summary>
public sealed class GatewayGrpcGarbageTests(StandaloneGateway gateway) : GrpcGarbageSuite(gateway.Catalog), IClassFixture<StandaloneGateway>
{
    /// <inheritdoc />
    protected override bool SpeaksGrpcWeb => true;
}

/// <summary>The suite of mistakes over REST behind the gateway.</summary>
public sealed class GatewayRestGarbageTests(StandaloneGateway gateway) : RestGarbageSuite(gateway.Catalog), IClassFixture<StandaloneGateway>
{
    /// <inheritdoc />
    protected override bool MixesOneAndMany => true;

    /// <inheritdoc />
    protected override bool TakesNoBodyForAnEmptyOne => true;

    /// <inheritdoc />
    protected override bool NamesTheFirstOnly => true;
}

/// <summary>The suite of health, reflection and metrics behind the gateway.</summary>
public sealed class GatewayHostTests(StandaloneGateway gateway) : HostSuite(gateway.Catalog), IClassFixture<StandaloneGateway>;

/// <summary>The golden files behind the gateway.</summary>
public sealed class GatewayGoldenTests(StandaloneGateway gateway) : GoldenSuite(gateway.Catalog), IClassFixture<StandaloneGateway>;

/// <summary>The suite of prices, stocks and states behind the gateway.</summary>
public sealed class GatewayCommerceTests(StandaloneGateway gateway) : CommerceSuite(gateway.Catalog), IClassFixture<StandaloneGateway>;

/// <summary>The suite of paging behind the gateway.</summary>
public sealed class GatewayPagingTests(StandaloneGateway gateway) : PagingSuite(gateway.Catalog), IClassFixture<StandaloneGateway>;
