using System.Net;
using System.Text.Json;
using Catalog.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Catalog.Bench;

/// <summary>
/// The yardstick: a gRPC server on the same Kestrel that answers with what it was sent. Whatever the catalog adds to it is what the catalog costs.
/// </summary>
// Not sealed, and its method virtual: the gRPC host looks for the shape of a generated service.
[BindServiceMethod(typeof(EchoServer), nameof(Bind))]
internal class EchoServer
{
    public static readonly Method<CreateProductRequest, CreateProductRequest> Method = new(
        MethodType.Unary, "catalog.bench.EchoService", nameof(Echo), Marshaller(CreateProductRequest.Parser), Marshaller(CreateProductRequest.Parser));

    public static async Task RunAsync(CancellationToken stop)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        await using var app = builder.Build();
        app.MapGrpcService<EchoServer>();
        await app.StartAsync(stop);
        Console.WriteLine(JsonSerializer.Serialize(new { Message = "Listening", State = new { Grpc = app.Urls.Single() } }));
        await app.WaitForShutdownAsync(stop);
    }

    /// <summary>Found by the gRPC host through the attribute.</summary>
    public static void Bind(ServiceBinderBase binder, EchoServer? server) =>
        binder.AddMethod(Method, server is null ? null! : server.Echo);

    public virtual Task<CreateProductRequest> Echo(CreateProductRequest request, ServerCallContext context) => Task.FromResult(request);

    // As generated code does it: straight between the message and the transport's buffers.
    private static Marshaller<T> Marshaller<T>(Google.Protobuf.MessageParser<T> parser) where T : Google.Protobuf.IBufferMessage, Google.Protobuf.IMessage<T> =>
        Marshallers.Create<T>(
            (message, context) =>
            {
                context.SetPayloadLength(message.CalculateSize());
                Google.Protobuf.MessageExtensions.WriteTo(message, context.GetBufferWriter());
                context.Complete();
            },
            context => parser.ParseFrom(context.PayloadAsReadOnlySequence()));
}
