using Catalog.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Rpc;
using Grpc.Core;
using Status = Google.Rpc.Status;

namespace Catalog.SystemTests;

/// <summary>The two faces of the contract. What holds over one holds over the other.</summary>
public enum Via
{
    /// <summary>gRPC.</summary>
    Grpc,

    /// <summary>REST and JSON, as the annotations of the contract say.</summary>
    Rest,
}

/// <summary>What a call came to.</summary>
/// <param name="Message">The answer, if it was accepted.</param>
/// <param name="Error">Why it failed, if it did.</param>
public sealed record Answer(IMessage? Message, Status? Error)
{
    /// <summary>The answer; the test fails if there is none.</summary>
    public T Ok<T>() where T : IMessage
    {
        Assert.True(Message is not null, $"refused: {Error}");
        return Assert.IsType<T>(Message);
    }

    /// <summary>The receipt of a command.</summary>
    public CommandReceipt Receipt() => Ok<CommandReceipt>();
}

/// <summary>Calls by the type of the request, over either face.</summary>
internal static class Calls
{
    private static readonly Dictionary<System.Type, MethodDescriptor> Methods = new[] { ProductCommandService.Descriptor, ProductQueryService.Descriptor }
        .SelectMany(s => s.Methods).Where(m => !m.IsServerStreaming).ToDictionary(m => m.InputType.ClrType);

    public static MethodDescriptor MethodOf(IMessage request) => Methods[request.GetType()];

    public static Task<Answer> CallAsync(this ICatalogUnderTest catalog, Via via, IMessage request) =>
        via == Via.Grpc ? GrpcAsync(catalog, request) : RestCall.SendAsync(catalog.Rest, MethodOf(request), request);

    private static async Task<Answer> GrpcAsync(ICatalogUnderTest catalog, IMessage request)
    {
        var descriptor = MethodOf(request);
        var method = new Method<IMessage, IMessage>(MethodType.Unary, descriptor.Service.FullName, descriptor.Name,
            Marshallers.Create(m => m.ToByteArray(), _ => request), Marshallers.Create(m => m.ToByteArray(), descriptor.OutputType.Parser.ParseFrom));
        var channel = descriptor.Service == ProductCommandService.Descriptor ? catalog.Commands : catalog.Queries;
        try
        {
            return new Answer(await channel.CreateCallInvoker().AsyncUnaryCall(method, null, new CallOptions(deadline: DateTime.UtcNow.AddSeconds(60)), request), null);
        }
        catch (RpcException e)
        {
            return new Answer(null, e.GetRpcStatus() ?? new Status { Code = (int)e.StatusCode, Message = e.Status.Detail });
        }
    }
}
