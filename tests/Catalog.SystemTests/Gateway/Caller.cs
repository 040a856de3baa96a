using Grpc.Net.Client;

namespace Catalog.SystemTests.Gateway;

/// <summary>The gateway as one caller sees it: every call carries the same headers.</summary>
internal sealed class Caller(GatewayProcess gateway, (string Name, string Value)[] headers) : ICatalogUnderTest
{
    /// <inheritdoc />
    public GrpcChannel Commands { get; } = GrpcChannel.ForAddress(gateway.Address, new GrpcChannelOptions { HttpHandler = new Headers(headers), DisposeHttpClient = true });

    /// <inheritdoc />
    public GrpcChannel Queries => Commands;

    /// <inheritdoc />
    public HttpClient Rest { get; } = new(new Headers(headers)) { BaseAddress = gateway.Address };

    /// <inheritdoc />
    public IReadOnlyList<Uri> Hosts => [];

    private sealed class Headers((string Name, string Value)[] headers) : DelegatingHandler(new SocketsHttpHandler())
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
            return base.SendAsync(request, cancellationToken);
        }
    }
}

/// <summary>Makes callers.</summary>
internal static class Callers
{
    /// <summary>A caller with a token, and perhaps more.</summary>
    public static ICatalogUnderTest As(this GatewayProcess gateway, string? token, params (string Name, string Value)[] headers) =>
        new Caller(gateway, token is null ? headers : [("authorization", $"Bearer {token}"), .. headers]);
}
