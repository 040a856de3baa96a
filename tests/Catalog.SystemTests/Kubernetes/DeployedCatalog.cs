using Grpc.Net.Client;

[assembly: AssemblyFixture(typeof(Catalog.SystemTests.DeployedCatalog))]

namespace Catalog.SystemTests;

/// <summary>A catalog that runs somewhere already, behind a gateway: <c>TEST_GATEWAY</c> says where, such as <c>http://127.0.0.1:8080</c>.</summary>
public sealed class DeployedCatalog : ICatalogUnderTest, IDisposable
{
    private static readonly string? Address = Environment.GetEnvironmentVariable("TEST_GATEWAY");

    private readonly GrpcChannel? _channel;
    private readonly HttpClient? _rest;

    /// <summary>Connects where there is one.</summary>
    public DeployedCatalog()
    {
        if (string.IsNullOrEmpty(Address)) return;
        _channel = CatalogProcess.Connect(new Uri(Address));
        _rest = new HttpClient { BaseAddress = new Uri(Address), Timeout = TimeSpan.FromSeconds(60) };
    }

    /// <summary>The catalog; skips the test where there is none.</summary>
    public ICatalogUnderTest Catalog
    {
        get
        {
            Assert.SkipWhen(_channel is null, "TEST_GATEWAY names no gateway.");
            return this;
        }
    }

    /// <inheritdoc />
    public GrpcChannel Commands => _channel!;

    /// <inheritdoc />
    public GrpcChannel Queries => _channel!;

    /// <inheritdoc />
    public HttpClient Rest => _rest!;

    /// <inheritdoc />
    public IReadOnlyList<Uri> Hosts => [];

    /// <inheritdoc />
    public void Dispose()
    {
        _channel?.Dispose();
        _rest?.Dispose();
    }
}
