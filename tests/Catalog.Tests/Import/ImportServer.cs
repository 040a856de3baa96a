using System.Net;
using Catalog.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Catalog.Tests.Import;

/// <summary>A server on a free port that answers imports as a test tells it to.</summary>
internal sealed class ImportServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ImportServer(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.Single());

    public static async Task<ImportServer> StartAsync(
        Func<IAsyncStreamReader<ImportProductsRequest>, IServerStreamWriter<ImportProductsResponse>, ServerCallContext, Task> import, HttpProtocols protocols = HttpProtocols.Http2)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = protocols));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(new Service(import));
        var app = builder.Build();
        app.MapGrpcService<Service>();
        await app.StartAsync();
        return new ImportServer(app);
    }

    /// <summary>A result that says that a row created a product.</summary>
    public static ImportProductsResponse Created(IEnumerable<ImportRow> rows) => new()
    {
        Results = { rows.Select(row => new ImportRowResult { Row = row.Row, Outcome = ImportRowResult.Types.Outcome.Created, Version = 1 }) },
    };

    public async ValueTask DisposeAsync()
    {
        using var impatient = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await _app.StopAsync(impatient.Token);
        await _app.DisposeAsync();
    }

    private sealed class Service(Func<IAsyncStreamReader<ImportProductsRequest>, IServerStreamWriter<ImportProductsResponse>, ServerCallContext, Task> import)
        : ProductCommandService.ProductCommandServiceBase
    {
        public override Task ImportProducts(
            IAsyncStreamReader<ImportProductsRequest> requestStream, IServerStreamWriter<ImportProductsResponse> responseStream, ServerCallContext context) =>
            import(requestStream, responseStream, context);
    }
}
