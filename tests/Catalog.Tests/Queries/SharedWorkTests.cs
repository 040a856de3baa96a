using Catalog.Queries;

namespace Catalog.Tests.Queries;

/// <summary>One refresh serves all who wait for one, and nobody gets one that began before they asked.</summary>
public sealed class SharedWorkTests
{
    private readonly List<TaskCompletionSource<int>> _begun = [];
    private readonly SharedWork<int> _work;

    public SharedWorkTests() => _work = new SharedWork<int>(() =>
    {
        lock (_begun)
        {
            _begun.Add(new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously));
            return _begun[^1].Task;
        }
    });

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Those_who_come_while_work_goes_on_share_the_next()
    {
        var first = _work.RunAsync(Cancellation);
        await BegunAsync(1);
        var others = Enumerable.Range(0, 100).Select(_ => _work.RunAsync(Cancellation)).ToArray();
        _begun[0].SetResult(1);
        Assert.Equal(1, await first);
        await BegunAsync(2);
        Assert.All(others, other => Assert.False(other.IsCompleted));
        var late = _work.RunAsync(Cancellation);
        _begun[1].SetResult(2);
        Assert.All(await Task.WhenAll(others), result => Assert.Equal(2, result));
        await BegunAsync(3);
        _begun[2].SetResult(3);
        Assert.Equal(3, await late);
        Assert.Equal(3, _begun.Count);
    }

    [Fact]
    public async Task Work_that_fails_fails_for_those_who_shared_it_and_for_nobody_else()
    {
        var first = _work.RunAsync(Cancellation);
        await BegunAsync(1);
        var second = _work.RunAsync(Cancellation);
        _begun[0].SetException(new InvalidOperationException());
        await Assert.ThrowsAsync<InvalidOperationException>(() => first);
        await BegunAsync(2);
        _begun[1].SetResult(2);
        Assert.Equal(2, await second);
    }

    [Fact]
    public async Task Who_no_longer_waits_does_not_end_the_work_of_the_others()
    {
        using var cancelled = new CancellationTokenSource();
        var first = _work.RunAsync(cancelled.Token);
        await BegunAsync(1);
        var (second, third) = (_work.RunAsync(cancelled.Token), _work.RunAsync(Cancellation));
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        _begun[0].SetResult(1);
        await BegunAsync(2);
        _begun[1].SetResult(2);
        Assert.Equal(2, await third);
    }

    private async Task BegunAsync(int count)
    {
        for (var deadline = DateTime.UtcNow.AddSeconds(30); ; await Task.Yield())
        {
            lock (_begun)
                if (_begun.Count == count) return;
            Assert.True(DateTime.UtcNow < deadline, $"{_begun.Count} of {count} begun.");
        }
    }
}
