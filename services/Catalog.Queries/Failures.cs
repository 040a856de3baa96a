using Catalog.V1;
using Grpc.Core;

namespace Catalog.Queries;

/// <summary>The failures of the read side as the contract names them.</summary>
internal static class Failures
{
    /// <summary>More is waiting than the service takes on.</summary>
    public static RpcException Overloaded(string what) =>
        CatalogError.Retry(StatusCode.ResourceExhausted, ErrorReason.Overloaded, $"Too many {what} at once.", TimeSpan.FromSeconds(1)).ToRpcException();

    /// <summary>The call's own deadline has passed.</summary>
    public static RpcException DeadlineExceeded() => new(new Status(StatusCode.DeadlineExceeded, "The deadline of the call has passed."));

    /// <summary>The answer, or what the contract calls its failure. A defect flows on as it is.</summary>
    public static async Task<T> Told<T>(Task<T> answer, ServerCallContext context, TimeProvider time)
    {
        await Told((Task)answer, context, time);
        return await answer;
    }

    /// <summary>The same for a call without an answer.</summary>
    public static async Task Told(Task call, ServerCallContext context, TimeProvider time)
    {
        try
        {
            await call;
        }
        catch (IndexUnavailableException unavailable)
        {
            throw CatalogError.Retry(StatusCode.Unavailable, unavailable.Reason, unavailable.Message, unavailable.RetryAfter).ToRpcException();
        }
        catch (OperationCanceledException) when (context.Deadline <= time.GetUtcNow().UtcDateTime)
        {
            throw DeadlineExceeded();
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.Cancelled, "The caller cancelled the call."));
        }
    }
}
