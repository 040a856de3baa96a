using Catalog.V1;
using Google.Protobuf.Reflection;
using Google.Rpc;
using Grpc.Health.V1;
using Grpc.Reflection;

namespace Catalog.Hosting;

/// <summary>
/// Server reflection, which knows the details of errors besides the services: without them grpcurl shows only bytes. Both versions of the protocol, since clients are slow to move.
/// </summary>
internal static class Reflection
{
    private static readonly string[] Services =
        [ProductCommandService.Descriptor.FullName, ProductQueryService.Descriptor.FullName, Health.Descriptor.FullName, "grpc.reflection.v1.ServerReflection"];

    private static readonly SymbolRegistry Symbols = SymbolRegistry.FromFiles(
        [ProductCommandService.Descriptor.File, ProductQueryService.Descriptor.File, Health.Descriptor.File, ErrorReasonReflection.Descriptor, ErrorDetailsReflection.Descriptor]);

    public static ReflectionV1ServiceImpl V1 { get; } = new(Services, Symbols);

    public static ReflectionServiceImpl V1Alpha { get; } = new(Services, Symbols);
}
