using System.Diagnostics;
using Catalog.V1;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Catalog.Hosting;

/// <summary>
/// Every call ends with an error of the contract or with none: what a service did not mean to throw becomes INTERNAL with the trace under which the log tells more, and
/// never shows a stack trace.
/// </summary>
internal sealed partial class ErrorInterceptor(IHostApplicationLifetime lifetime, ILogger<ErrorInterceptor> logger) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            RestMasks.Restore(request, context);
            return await continuation(request, context);
        }
        catch (Exception e)
        {
            throw Ended(e as RpcException ?? Translate(e, context), context);
        }
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            await continuation(request, responseStream, context);
        }
        catch (Exception e)
        {
            throw Ended(e as RpcException ?? Translate(e, context), context);
        }
    }

    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            // A tool keeps its stream of reflection open for as long as it runs, and nothing in that ends when the host does.
            var ending = context.Method.StartsWith("/grpc.reflection.", StringComparison.Ordinal) ? lifetime.ApplicationStopping : CancellationToken.None;
            await continuation(new Reader<TRequest>(requestStream, ending), responseStream, context);
        }
        catch (Exception e)
        {
            throw Ended(e as RpcException ?? Translate(e, context), context);
        }
    }

    /// <summary>Adds to the duration of the call how it ended: in HTTP every call of gRPC is 200.</summary>
    private static RpcException Ended(RpcException error, ServerCallContext context)
    {
        context.GetHttpContext().Features.Get<IHttpMetricsTagsFeature>()?.Tags.Add(new("rpc.grpc.status_code", (int)error.StatusCode));
        return error;
    }

    private RpcException Translate(Exception error, ServerCallContext context)
    {
        if (context.CancellationToken.IsCancellationRequested)
            return context.Deadline <= DateTime.UtcNow
                ? new RpcException(new Status(StatusCode.DeadlineExceeded, "The deadline of the call has passed."))
                : new RpcException(new Status(StatusCode.Cancelled, "The caller cancelled the call."));
        var trace = Activity.Current?.TraceId.ToString() ?? "none";
        CallFailed(logger, error, context.Method, trace);
        return CatalogError.Of(StatusCode.Internal, ErrorReason.Internal, $"The service failed. Its log says more under the trace {trace}.").ToRpcException();
    }

    /// <summary>
    /// A stream that has no more messages once <paramref name="ending"/> fires. Its messages are read inside the service; one that cannot be read is still the caller's fault.
    /// </summary>
    private sealed class Reader<T>(IAsyncStreamReader<T> inner, CancellationToken ending) : IAsyncStreamReader<T>
    {
        public T Current => inner.Current;

        public async Task<bool> MoveNext(CancellationToken cancellationToken)
        {
            // Nothing is made for each message of a stream that ends by itself.
            using var either = ending.CanBeCanceled ? CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, ending) : null;
            try
            {
                return await inner.MoveNext(either?.Token ?? cancellationToken);
            }
            catch (OperationCanceledException) when (ending.IsCancellationRequested)
            {
                return false;
            }
            catch (InvalidProtocolBufferException)
            {
                throw CatalogError.Invalid("request", ErrorDetails.Unreadable).ToRpcException();
            }
        }
    }

    [LoggerMessage(1, LogLevel.Error, "{Method} failed (trace {Trace})")]
    private static partial void CallFailed(ILogger logger, Exception error, string method, string trace);
}
