using Catalog.Queries;
using Catalog.V1;
using Google.Rpc;
using Grpc.Core;
using Microsoft.Extensions.Time.Testing;
using ProductQueryService = Catalog.Queries.ProductQueryService;

namespace Catalog.Tests.Queries.Service;

/// <summary>The query service on fakes, with a clock that the test turns.</summary>
internal sealed class QuerySide : IDisposable
{
    private readonly CancellationTokenSource _stopping = new();

    public QuerySide(Action<QueriesOptions>? configure = null)
    {
        configure?.Invoke(Options);
        Assert.Empty(Options.Problems());
        Service = new ProductQueryService(Index, Feed, Options, Clock, new Stopping(_stopping.Token));
    }

    public FakeIndex Index { get; } = new();

    public FakeFeed Feed { get; } = new();

    public FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2025, 1, 31, 12, 0, 0, TimeSpan.Zero));

    public QueriesOptions Options { get; } = new();

    public ProductQueryService Service { get; }

    public void Stop() => _stopping.Cancel();

    public void Dispose() => _stopping.Dispose();

    public static Product Product(string id, long version = 1) =>
        new() { Name = ProductName.Format(id), Title = id, Version = version, State = V1.Product.Types.State.Active };

    /// <summary>Waits until something is so, and fails if it never gets so.</summary>
    public static async Task Until(Func<bool> condition)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(20));
        while (!condition()) await Task.Delay(1, patience.Token);
    }

    /// <summary>
    /// Turns the clock in small steps until a call ends, and tells by how much. A single turn could come just before the call sets its timer.
    /// </summary>
    public async Task<TimeSpan> TurnUntilEnd(Task call, int stepMilliseconds = 100)
    {
        var began = Clock.GetUtcNow();
        await Until(() =>
        {
            if (!call.IsCompleted) Clock.Advance(TimeSpan.FromMilliseconds(stepMilliseconds));
            return call.IsCompleted;
        });
        return Clock.GetUtcNow() - began;
    }

    /// <summary>The failure of a call as a client sees it.</summary>
    public static async Task<Refusal> RefusalOf(Task call)
    {
        var thrown = await Assert.ThrowsAsync<RpcException>(() => call.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
        var status = thrown.GetRpcStatus();
        var bad = status?.GetDetail<BadRequest>();
        return new Refusal(thrown.StatusCode, status?.GetDetail<ErrorInfo>()?.Reason ?? "", bad is null ? [] : [.. bad.FieldViolations.Select(v => v.Field)],
            status?.GetDetail<RetryInfo>()?.RetryDelay?.ToTimeSpan(), status);
    }
}

internal sealed record Refusal(StatusCode Code, string Reason, IReadOnlyList<string> Fields, TimeSpan? RetryAfter, Google.Rpc.Status? Status);

/// <summary>A call without a server.</summary>
internal sealed class TestCall(DateTime? deadline = null, CancellationToken cancellation = default) : ServerCallContext
{
    protected override string MethodCore => "/catalog.v1.ProductQueryService/Test";
    protected override string HostCore => "localhost";
    protected override string PeerCore => "ipv4:127.0.0.1:1";
    protected override DateTime DeadlineCore => deadline ?? DateTime.MaxValue;
    protected override Metadata RequestHeadersCore { get; } = [];
    protected override CancellationToken CancellationTokenCore => cancellation;
    protected override Metadata ResponseTrailersCore { get; } = [];
    protected override Grpc.Core.Status StatusCore { get; set; }
    protected override WriteOptions? WriteOptionsCore { get; set; }
    protected override AuthContext AuthContextCore { get; } = new("", new Dictionary<string, List<AuthProperty>>(StringComparer.Ordinal));
    protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) => throw new NotSupportedException();
    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders) => Task.CompletedTask;
}
