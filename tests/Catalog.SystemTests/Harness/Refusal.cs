using Catalog.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Status = Google.Rpc.Status;

namespace Catalog.SystemTests;

/// <summary>Holds failures to the contract: code, reason, the details that the code asks for, and words for people.</summary>
internal static class Refusal
{
    /// <summary>The call failed so, with everything that belongs to it.</summary>
    public static Status Fails(this Answer answer, StatusCode code, ErrorReason reason)
    {
        Assert.True(answer.Error is not null, $"was accepted: {answer.Message}");
        return answer.Error.Is(code, reason);
    }

    /// <summary>The call failed with violations of these fields, each at least once and no others.</summary>
    public static Status FailsAt(this Answer answer, params string[] fields)
    {
        var error = answer.Fails(StatusCode.InvalidArgument, ErrorReason.InvalidRequest);
        Assert.Equal(fields.Order(StringComparer.Ordinal), error.Detail<BadRequest>()!.FieldViolations.Select(v => v.Field).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
        return error;
    }

    /// <summary>The error of a stream.</summary>
    public static Status Is(this RpcException error, StatusCode code, ErrorReason reason)
    {
        Assert.True(error.GetRpcStatus() is not null, $"has no details: {error.Status}");
        return error.GetRpcStatus()!.Is(code, reason);
    }

    public static Status Is(this Status error, StatusCode code, ErrorReason reason)
    {
        Assert.True(code == (StatusCode)error.Code, $"expected {code}, was {error}");
        var info = error.Detail<ErrorInfo>();
        Assert.Equal(CatalogError.Name(reason), info?.Reason);
        Assert.Equal(CatalogError.Domain, info!.Domain);
        Assert.NotEmpty(error.Message);
        HasNoStackTrace(error.Message);
        switch (code)
        {
            case StatusCode.InvalidArgument:
                Assert.NotEmpty(error.Detail<BadRequest>()!.FieldViolations);
                Assert.All(error.Detail<BadRequest>()!.FieldViolations, v => Assert.NotEmpty(v.Description));
                break;
            case StatusCode.NotFound or StatusCode.AlreadyExists:
                Assert.StartsWith("products/", error.Detail<ResourceInfo>()!.ResourceName, StringComparison.Ordinal);
                break;
            case StatusCode.FailedPrecondition:
                Assert.Equal(CatalogError.Name(reason), Assert.Single(error.Detail<PreconditionFailure>()!.Violations).Type);
                break;
            case StatusCode.Unavailable:
                Assert.NotNull(error.Detail<RetryInfo>());
                break;
        }
        return error;
    }

    public static T? Detail<T>(this Status error) where T : class, IMessage<T>, new()
    {
        var descriptor = new T().Descriptor;
        return error.Details.SingleOrDefault(d => d.Is(descriptor))?.Unpack<T>();
    }

    /// <summary>Nobody outside should see where in the code something went wrong.</summary>
    public static void HasNoStackTrace(string text)
    {
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", text, StringComparison.Ordinal);
    }
}
