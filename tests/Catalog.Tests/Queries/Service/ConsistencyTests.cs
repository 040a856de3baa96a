using Catalog.Internal.V1;
using Catalog.V1;
using Google.Rpc;
using Grpc.Core;

namespace Catalog.Tests.Queries.Service;

public class ConsistencyTests
{
    private static readonly TestCall Call = new();

    [Fact]
    public async Task A_read_whose_writes_are_there_is_answered_at_once()
    {
        using var side = new QuerySide();
        side.Index.Put(QuerySide.Product("a", 3));
        await side.Service.GetProduct(new GetProductRequest { Name = "products/a", ConsistencyTokens = { Token(("a", 2)), Token(("a", 3)), Token() } }, Call);
        Assert.Equal((0, 1, 0), (side.Index.Waits, side.Index.VersionReads, side.Index.Refreshes));
    }

    [Fact]
    public async Task A_read_waits_for_every_write_of_its_tokens()
    {
        using var side = new QuerySide();
        side.Index.Put(QuerySide.Product("a", 1));
        var read = side.Service.GetProduct(new GetProductRequest { Name = "products/a", ConsistencyTokens = { Token(("a", 3), ("b", 1)), Token(("a", 2)) } }, Call);
        await QuerySide.Until(() => side.Index.Waits == 1);
        side.Index.Put(QuerySide.Product("b", 5));
        await QuerySide.Until(() => side.Index.Waits == 2);
        side.Index.Put(QuerySide.Product("a", 2));
        await QuerySide.Until(() => side.Index.Waits == 3);
        Assert.False(read.IsCompleted);
        side.Index.Put(QuerySide.Product("a", 3));
        Assert.Equal(3, (await read.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken)).Version);
        Assert.Equal(0, side.Index.OpenReaders);
    }

    [Fact]
    public async Task A_deletion_is_waited_for_like_any_write()
    {
        using var side = new QuerySide();
        side.Index.Put(QuerySide.Product("a", 1));
        var read = side.Service.GetProduct(new GetProductRequest { Name = "products/a", ConsistencyTokens = { Token(("a", 2)) } }, Call);
        await QuerySide.Until(() => side.Index.Waits == 1);
        side.Index.Put(new Product { Name = "products/a", Version = 2, State = Product.Types.State.Deleted });
        Assert.Equal(StatusCode.NotFound, (await QuerySide.RefusalOf(read)).Code);
    }

    [Fact]
    public async Task A_wait_that_spans_a_swap_goes_on_in_the_new_index()
    {
        using var side = new QuerySide();
        var read = side.Service.SearchProducts(new SearchProductsRequest { ConsistencyTokens = { Token(("a", 1)) } }, Call);
        await QuerySide.Until(() => side.Index.Waits == 1);
        side.Index.Current = new FakeIndex.Contents("log-1");
        side.Index.Put(QuerySide.Product("a", 1));
        await read.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Equal((1, 0), (side.Index.Refreshes, side.Index.OpenReaders));
    }

    [Fact]
    public async Task Search_and_suggest_make_the_writes_searchable_first()
    {
        using var side = new QuerySide();
        side.Index.Put(QuerySide.Product("a", 1));
        await side.Service.SearchProducts(new SearchProductsRequest { ConsistencyTokens = { Token(("a", 1)) } }, Call);
        Assert.Equal(1, side.Index.Refreshes);
        await side.Service.SuggestProducts(new SuggestProductsRequest { Query = "a", ConsistencyTokens = { Token(("a", 1)) } }, Call);
        Assert.Equal(2, side.Index.Refreshes);
        await side.Service.SearchProducts(new SearchProductsRequest(), Call);
        await side.Service.BatchGetProducts(new BatchGetProductsRequest { Names = { "products/a" }, ConsistencyTokens = { Token(("a", 1)) } }, Call);
        Assert.Equal(2, side.Index.Refreshes);
    }

    [Fact]
    public async Task A_write_that_does_not_arrive_in_time_is_told_with_when_to_try_again()
    {
        using var side = new QuerySide();
        var read = side.Service.GetProduct(new GetProductRequest { Name = "products/a", ConsistencyTokens = { Token(("a", 1)) } }, Call);
        await QuerySide.Until(() => side.Index.Waits == 1);
        side.Clock.Advance(TimeSpan.FromSeconds(4));
        side.Index.Changed();
        await QuerySide.Until(() => side.Index.Waits == 2);
        Assert.InRange(await side.TurnUntilEnd(read, stepMilliseconds: 10), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(4.9));
        var refusal = await QuerySide.RefusalOf(read);
        Assert.Equal((StatusCode.Unavailable, "READ_NOT_CAUGHT_UP", true), (refusal.Code, refusal.Reason, refusal.RetryAfter > TimeSpan.Zero));
        Assert.Equal(0, side.Index.OpenReaders);
    }

    [Fact]
    public async Task An_index_that_changes_all_the_time_makes_no_wait_longer()
    {
        using var side = new QuerySide();
        side.Index.Wait = _ =>
        {
            Assert.InRange(side.Index.Waits, 1, 5);
            side.Clock.Advance(TimeSpan.FromSeconds(1));
            return Task.CompletedTask;
        };
        var refusal = await QuerySide.RefusalOf(side.Service.GetProduct(new GetProductRequest { Name = "products/a", ConsistencyTokens = { Token(("a", 1)) } }, Call));
        Assert.Equal((StatusCode.Unavailable, "READ_NOT_CAUGHT_UP"), (refusal.Code, refusal.Reason));
        Assert.Equal((6, 0), (side.Index.Waits, side.Index.OpenReaders));
    }

    [Fact]
    public async Task A_deadline_before_that_ends_the_wait()
    {
        using var side = new QuerySide();
        var call = new TestCall(side.Clock.GetUtcNow().UtcDateTime.AddSeconds(2));
        var read = side.Service.GetProduct(new GetProductRequest { Name = "products/a", ConsistencyTokens = { Token(("a", 1)) } }, call);
        await QuerySide.Until(() => side.Index.Waits == 1);
        Assert.True(await side.TurnUntilEnd(read) >= TimeSpan.FromSeconds(2));
        Assert.Equal(StatusCode.DeadlineExceeded, (await QuerySide.RefusalOf(read)).Code);
    }

    [Fact]
    public async Task A_caller_who_gives_up_ends_the_wait()
    {
        using var side = new QuerySide();
        using var gone = new CancellationTokenSource();
        var read = side.Service.GetProduct(new GetProductRequest { Name = "products/a", ConsistencyTokens = { Token(("a", 1)) } }, new TestCall(null, gone.Token));
        await QuerySide.Until(() => side.Index.Waits == 1);
        await gone.CancelAsync();
        Assert.Equal(StatusCode.Cancelled, (await QuerySide.RefusalOf(read)).Code);
        Assert.Equal(0, side.Index.OpenReaders);
    }

    [Fact]
    public async Task A_token_of_the_log_whose_index_is_still_being_built_is_told_to_come_again()
    {
        using var side = new QuerySide();
        side.Index.Put(QuerySide.Product("a", 3));
        side.Index.Status = side.Index.Status with { NextLogId = "log-2" };
        var refusal = await QuerySide.RefusalOf(side.Service.GetProduct(new GetProductRequest { Name = "products/a", ConsistencyTokens = { Token("log-2", ("a", 1)) } }, Call));
        Assert.Equal((StatusCode.Unavailable, "INDEX_REBUILDING", true), (refusal.Code, refusal.Reason, refusal.RetryAfter > TimeSpan.Zero));
        Assert.Equal(0, side.Index.OpenReaders);
    }

    [Fact]
    public async Task While_nobody_tells_which_log_comes_next_a_token_of_another_log_is_waited_for()
    {
        using var side = new QuerySide();
        side.Index.Put(QuerySide.Product("a", 3));
        side.Index.Status = side.Index.Status with { IsNextLogKnown = false };
        var read = side.Service.GetProduct(new GetProductRequest { Name = "products/a", ConsistencyTokens = { Token("log-2", ("a", 1)) } }, Call);
        await QuerySide.Until(() => side.Index.Waits == 1);
        side.Index.Status = side.Index.Status with { IsNextLogKnown = true };
        side.Index.Changed();
        Assert.Equal("TOKEN_OF_ANOTHER_LOG", (await QuerySide.RefusalOf(read)).Reason);

        side.Index.Status = side.Index.Status with { IsNextLogKnown = false };
        read = side.Service.GetProduct(new GetProductRequest { Name = "products/a", ConsistencyTokens = { Token("log-2", ("a", 1)) } }, Call);
        await side.TurnUntilEnd(read);
        Assert.Equal("READ_NOT_CAUGHT_UP", (await QuerySide.RefusalOf(read)).Reason);
        Assert.Equal(0, side.Index.OpenReaders);
    }

    [Fact]
    public async Task A_token_of_another_log_is_refused_and_says_which()
    {
        using var side = new QuerySide();
        side.Index.Put(QuerySide.Product("a", 3));
        var refusal = await QuerySide.RefusalOf(side.Service.GetProduct(
            new GetProductRequest { Name = "products/a", ConsistencyTokens = { Token(("a", 1)), Token("log-0", ("a", 1)) } }, Call));
        Assert.Equal((StatusCode.FailedPrecondition, "TOKEN_OF_ANOTHER_LOG"), (refusal.Code, refusal.Reason));
        Assert.Equal("consistency_tokens[1]", Assert.Single(refusal.Status!.GetDetail<PreconditionFailure>()!.Violations).Subject);
        Assert.Equal(0, side.Index.OpenReaders);
    }

    [Fact]
    public async Task A_log_that_is_exchanged_during_the_wait_ends_it()
    {
        using var side = new QuerySide();
        var read = side.Service.GetProduct(new GetProductRequest { Name = "products/a", ConsistencyTokens = { Token(("a", 1)) } }, Call);
        await QuerySide.Until(() => side.Index.Waits == 1);
        side.Index.Current = new FakeIndex.Contents("log-2");
        side.Index.Changed();
        Assert.Equal("TOKEN_OF_ANOTHER_LOG", (await QuerySide.RefusalOf(read)).Reason);
    }

    [Fact]
    public async Task Tokens_may_name_1000_products_and_must_be_tokens()
    {
        using var side = new QuerySide();
        side.Index.Put(QuerySide.Product("a", 1));
        (string, long)[] writes = [.. Enumerable.Range(0, 1_000).Select(i => ($"p{i}", 1L))];
        foreach (var (id, version) in writes) side.Index.Put(QuerySide.Product(id, version));
        var request = new GetProductRequest { Name = "products/a", ConsistencyTokens = { Token(writes[..600]), Token(writes[400..]) } };
        await side.Service.GetProduct(request, Call);
        request.ConsistencyTokens.Add(Token(("one-more", 1)));
        Assert.Equal(["consistency_tokens"], (await QuerySide.RefusalOf(side.Service.GetProduct(request, Call))).Fields);

        var good = Token(("a", 1));
        request = new GetProductRequest { Name = "products/a", ConsistencyTokens = { good, good[..^2], Token(("Not An Id", 1)), Token(("a", 0)), "%" } };
        Assert.Equal(["consistency_tokens[1]", "consistency_tokens[2]", "consistency_tokens[3]", "consistency_tokens[4]"],
            (await QuerySide.RefusalOf(side.Service.GetProduct(request, Call))).Fields);
    }

    [Fact]
    public async Task Too_many_waiting_reads_are_refused()
    {
        using var side = new QuerySide(options => options.MaxTokenWaiters = 2);
        var request = new GetProductRequest { Name = "products/a", ConsistencyTokens = { Token(("a", 1)) } };
        Task<Product>[] waiting = [side.Service.GetProduct(request, Call), side.Service.GetProduct(request, Call)];
        await QuerySide.Until(() => side.Index.Waits == 2);
        Assert.Equal((StatusCode.ResourceExhausted, "OVERLOADED"), (await QuerySide.RefusalOf(side.Service.GetProduct(request, Call))) is var refusal ? (refusal.Code, refusal.Reason) : default);
        side.Index.Put(QuerySide.Product("a", 1));
        await Task.WhenAll(waiting).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Too_many_reads_that_wait_for_a_slow_index_are_refused_too()
    {
        using var side = new QuerySide(options => options.MaxTokenWaiters = 2);
        side.Index.Put(QuerySide.Product("a", 1));
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        side.Index.BeforeVersions = () => answer.Task;
        var request = new GetProductRequest { Name = "products/a", ConsistencyTokens = { Token(("a", 1)) } };
        Task<Product>[] waiting = [side.Service.GetProduct(request, Call), side.Service.GetProduct(request, Call)];
        await QuerySide.Until(() => side.Index.VersionReads == 2);
        Assert.Equal("OVERLOADED", (await QuerySide.RefusalOf(side.Service.GetProduct(request, Call))).Reason);
        answer.SetResult();
        await Task.WhenAll(waiting).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        await side.Service.GetProduct(request, Call);
    }

    [Fact]
    public async Task A_waiting_read_keeps_no_other_from_being_looked_up()
    {
        using var side = new QuerySide(options => (options.MaxConcurrentLookups, options.MaxQueuedLookups) = (1, 0));
        var waiting = side.Service.GetProduct(new GetProductRequest { Name = "products/a", ConsistencyTokens = { Token(("a", 1)) } }, Call);
        await QuerySide.Until(() => side.Index.Waits == 1);
        Assert.Equal(StatusCode.NotFound, (await QuerySide.RefusalOf(side.Service.GetProduct(new GetProductRequest { Name = "products/a" }, Call))).Code);
        side.Index.Put(QuerySide.Product("a", 1));
        await waiting.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    private static string Token(params (string Id, long Version)[] writes) => Token("log-1", writes);

    private static string Token(string logId, params (string Id, long Version)[] writes) => OpaqueText.Encode(new ConsistencyToken
    {
        LogId = logId,
        Writes = { writes.Select(write => new WrittenVersion { ProductId = write.Id, Version = write.Version }) },
    });
}
