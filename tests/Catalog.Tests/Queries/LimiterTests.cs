using Catalog.Queries;
using Grpc.Core;

namespace Catalog.Tests.Queries;

public sealed class LimiterTests
{
    [Fact]
    public async Task Turns_come_in_order_also_for_who_counts_as_several()
    {
        var limiter = new Limiter(4, 2, "calls");
        var first = await limiter.EnterAsync(3, default);
        var several = limiter.EnterAsync(2, default).AsTask();
        var one = limiter.EnterAsync(1, default).AsTask();
        Assert.Equal(StatusCode.ResourceExhausted, (await Assert.ThrowsAsync<RpcException>(async () => await limiter.EnterAsync(1, default))).StatusCode);
        Assert.False(several.IsCompleted || one.IsCompleted);
        first.Dispose();
        using var second = await several.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        using var third = await one.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        using var fourth = await limiter.EnterAsync(1, default);
    }

    [Fact]
    public async Task Who_gives_up_waiting_leaves_the_turn_to_the_next()
    {
        var limiter = new Limiter(4, 2, "calls");
        using var first = await limiter.EnterAsync(3, default);
        using var gone = new CancellationTokenSource();
        var several = limiter.EnterAsync(2, gone.Token).AsTask();
        var one = limiter.EnterAsync(1, default).AsTask();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => several);
        using var second = await one.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task More_than_there_is_means_all_and_a_free_slot_costs_no_memory()
    {
        var limiter = new Limiter(4, 0, "calls");
        using (await limiter.EnterAsync(25, default)) await Assert.ThrowsAsync<RpcException>(async () => await limiter.EnterAsync(1, default));
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++) (await limiter.EnterAsync(1, default)).Dispose();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000);
    }
}
