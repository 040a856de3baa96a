using System.Net.Sockets;
using Google.Rpc;
using Grpc.Core;

namespace Catalog.Standalone.Import;

/// <summary>
/// Decides whether and when to connect again: after twice as long each time, or after what the server asks for, until too many attempts in a row
/// brought nothing. Half of each pause is random, so that many clients do not come back at the same moment.
/// </summary>
internal sealed class Backoff(TimeProvider time)
{
    private const int MaxAttempts = 8;
    private static readonly TimeSpan First = TimeSpan.FromSeconds(0.25);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    private int _failures;
    private bool _everWorked;

    /// <summary>The last attempt brought results.</summary>
    public void Reset() => (_failures, _everWorked) = (0, true);

    /// <summary>Waits until the next attempt. False if the import was stopped; throws if another attempt is pointless.</summary>
    public async Task<bool> WaitAsync(RpcException failure, CancellationToken stop)
    {
        _failures++;
        var detail = failure.Status.Detail.TrimEnd('.');
        if (!_everWorked && IsUnreachable(failure))
            throw new ImportException($"The server cannot be reached: {failure.Status.DebugException!.Message}. Start it with `make run`, or say with --server where it is.", failure);
        if (!_everWorked && SpeaksOnlyHttp1(failure.Status.DebugException))
            throw new ImportException("What listens there does not speak gRPC: it may be the port of REST. Say with --server where gRPC is, such as http://127.0.0.1:5080.", failure);
        if (!IsWorthRepeating(failure.StatusCode))
            throw new ImportException($"The server refused the import: {failure.StatusCode}: {detail}.", failure);
        if (_failures > MaxAttempts)
            throw new ImportException($"The connection broke {_failures} times in a row without any progress: {detail}. Run the same command again to go on.", failure);

        var pause = First * Math.Pow(2, _failures - 1);
        if (failure.GetRpcStatus()?.GetDetail<RetryInfo>()?.RetryDelay.ToTimeSpan() is { } asked && asked > pause) pause = asked;
        if (pause > Longest) pause = Longest;
        try
        {
            await Task.Delay(pause * (0.5 + Random.Shared.NextDouble() / 2), time, stop);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    // The client reports a connection that was never made with the socket's own error.
    private static bool IsUnreachable(RpcException failure) => failure.Status.DebugException
        is SocketException or HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError };

    // HTTP_1_1_REQUIRED, RFC 9113, section 7.
    private static bool SpeaksOnlyHttp1(Exception? failure) =>
        failure is not null && (failure is HttpProtocolException { ErrorCode: 0xd } || SpeaksOnlyHttp1(failure.InnerException));

    // A connection that breaks shows as any of these, depending on the moment.
    private static bool IsWorthRepeating(StatusCode code) => code
        is StatusCode.Unavailable or StatusCode.Internal or StatusCode.Unknown or StatusCode.Cancelled
        or StatusCode.Aborted or StatusCode.DeadlineExceeded or StatusCode.ResourceExhausted;
}
