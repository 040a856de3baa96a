using Catalog.Queries;
using Catalog.V1;
using Google.Rpc;
using Grpc.Core;

namespace Catalog.Tests.Queries.Service;

public class ReadTests
{
    private static readonly TestCall Call = new();

    [Fact]
    public async Task A_product_is_read_by_its_name()
    {
        using var side = new QuerySide();
        side.Index.Put(QuerySide.Product("lamp"));
        Assert.Equal("products/lamp", (await side.Service.GetProduct(new GetProductRequest { Name = "products/lamp" }, Call)).Name);
        Assert.Equal(0, side.Index.OpenReaders);
        Assert.Equal(0, side.Index.VersionReads);
    }

    [Fact]
    public async Task A_product_that_is_not_there_or_deleted_is_not_found()
    {
        using var side = new QuerySide();
        side.Index.Put(new Product { Name = "products/gone", Version = 2, State = Product.Types.State.Deleted });
        foreach (var name in new[] { "products/none", "products/gone" })
        {
            var refusal = await QuerySide.RefusalOf(side.Service.GetProduct(new GetProductRequest { Name = name }, Call));
            Assert.Equal((StatusCode.NotFound, "PRODUCT_NOT_FOUND"), (refusal.Code, refusal.Reason));
            Assert.Equal(name, refusal.Status!.GetDetail<ResourceInfo>()!.ResourceName);
        }
        Assert.Equal(0, side.Index.OpenReaders);
    }

    [Fact]
    public async Task A_bad_name_and_bad_tokens_are_told_together()
    {
        using var side = new QuerySide();
        var refusal = await QuerySide.RefusalOf(side.Service.GetProduct(new GetProductRequest { Name = "lamp", ConsistencyTokens = { "x", "" } }, Call));
        Assert.Equal((StatusCode.InvalidArgument, "INVALID_REQUEST"), (refusal.Code, refusal.Reason));
        Assert.Equal(["name", "consistency_tokens[0]", "consistency_tokens[1]"], refusal.Fields);
    }

    [Fact]
    public async Task A_batch_comes_in_the_order_of_its_names_and_says_what_is_missing()
    {
        using var side = new QuerySide();
        side.Index.Put(QuerySide.Product("a"));
        side.Index.Put(QuerySide.Product("b"));
        var response = await side.Service.BatchGetProducts(
            new BatchGetProductsRequest { Names = { "products/b", "products/x", "products/a", "products/b", "products/y", "products/x" } }, Call);
        Assert.Equal(["products/b", "products/a", "products/b"], response.Products.Select(product => product.Name));
        Assert.Equal(["products/x", "products/y", "products/x"], response.Missing);
        Assert.Equal(0, side.Index.OpenReaders);
    }

    [Fact]
    public async Task A_batch_has_1_to_100_good_names()
    {
        using var side = new QuerySide();
        Assert.Equal(["names"], (await QuerySide.RefusalOf(side.Service.BatchGetProducts(new BatchGetProductsRequest(), Call))).Fields);
        var request = new BatchGetProductsRequest { Names = { Enumerable.Range(0, 100).Select(i => $"products/p{i}") } };
        Assert.Equal(100, (await side.Service.BatchGetProducts(request, Call)).Missing.Count);
        request.Names.Add("products/one-more");
        request.Names[3] = "Nonsense";
        Assert.Equal(["names", "names[3]"], (await QuerySide.RefusalOf(side.Service.BatchGetProducts(request, Call))).Fields);
    }

    [Fact]
    public async Task A_batch_that_is_larger_than_a_message_is_refused()
    {
        using var side = new QuerySide();
        var request = new BatchGetProductsRequest();
        for (var i = 0; i < 60; i++)
        {
            var product = QuerySide.Product($"p{i}");
            product.Description = new string('x', 64 * 1024);
            side.Index.Put(product);
            request.Names.Add(product.Name);
        }
        for (var i = 60; i < 100; i++) request.Names.Add($"products/p{i}");
        Assert.Equal(["names"], (await QuerySide.RefusalOf(side.Service.BatchGetProducts(request, Call))).Fields);
        // What does not fit any more is not read first.
        Assert.Equal(75, side.Index.Gets);
        while (request.Names.Count > 50) request.Names.RemoveAt(50);
        Assert.Equal(50, (await side.Service.BatchGetProducts(request, Call)).Products.Count);
    }

    [Fact]
    public async Task Too_many_lookups_at_once_are_refused_early_and_the_others_answered()
    {
        using var side = new QuerySide(options => (options.MaxConcurrentLookups, options.MaxQueuedLookups) = (2, 3));
        side.Index.Put(QuerySide.Product("a"));
        var (running, most) = (0, 0);
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        side.Index.BeforeGet = async () =>
        {
            most = Math.Max(most, Interlocked.Increment(ref running));
            await go.Task;
            Interlocked.Decrement(ref running);
        };
        var request = new GetProductRequest { Name = "products/a" };
        List<Task> accepted = [.. Enumerable.Range(0, 5).Select(_ => side.Service.GetProduct(request, Call))];
        var refusal = await QuerySide.RefusalOf(side.Service.GetProduct(request, Call));
        Assert.Equal((StatusCode.ResourceExhausted, "OVERLOADED", true), (refusal.Code, refusal.Reason, refusal.RetryAfter > TimeSpan.Zero));
        Assert.Equal("OVERLOADED", (await QuerySide.RefusalOf(side.Service.BatchGetProducts(new BatchGetProductsRequest { Names = { "products/a" } }, Call))).Reason);
        go.SetResult();
        await Task.WhenAll(accepted).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Equal((2, 0), (most, side.Index.OpenReaders));
    }

    [Fact]
    public async Task A_batch_counts_as_the_products_that_it_reads_together()
    {
        using var side = new QuerySide(options => (options.MaxConcurrentLookups, options.MaxQueuedLookups) = (27, 0));
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        side.Index.BeforeGet = () => go.Task;
        List<Task> accepted =
        [
            side.Service.BatchGetProducts(new BatchGetProductsRequest { Names = { Enumerable.Range(0, 100).Select(i => $"products/p{i}") } }, Call),
            side.Service.BatchGetProducts(new BatchGetProductsRequest { Names = { "products/a", "products/b", "products/a" } }, Call),
        ];
        Assert.Equal("OVERLOADED", (await QuerySide.RefusalOf(side.Service.GetProduct(new GetProductRequest { Name = "products/a" }, Call))).Reason);
        go.SetResult();
        await Task.WhenAll(accepted).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData(ErrorReason.IndexUnavailable, "INDEX_UNAVAILABLE")]
    [InlineData(ErrorReason.IndexRebuilding, "INDEX_REBUILDING")]
    public async Task An_index_that_cannot_answer_makes_every_read_say_when_to_try_again(ErrorReason reason, string name)
    {
        using var side = new QuerySide();
        side.Index.Failure = new IndexUnavailableException(reason, "The index is away.", TimeSpan.FromSeconds(3));
        foreach (var call in new Task[]
                 {
                     side.Service.GetProduct(new GetProductRequest { Name = "products/a" }, Call),
                     side.Service.BatchGetProducts(new BatchGetProductsRequest { Names = { "products/a" } }, Call),
                     side.Service.SearchProducts(new SearchProductsRequest(), Call),
                     side.Service.SuggestProducts(new SuggestProductsRequest { Query = "a" }, Call),
                     side.Service.GetProjectionStatus(new GetProjectionStatusRequest(), Call),
                 })
        {
            var refusal = await QuerySide.RefusalOf(call);
            Assert.Equal((StatusCode.Unavailable, name, TimeSpan.FromSeconds(3)), (refusal.Code, refusal.Reason, refusal.RetryAfter));
        }
    }

    [Fact]
    public async Task A_call_that_was_given_up_ends_as_such()
    {
        using var side = new QuerySide();
        using var gone = new CancellationTokenSource();
        await gone.CancelAsync();
        var request = new GetProductRequest { Name = "products/a" };
        Assert.Equal(StatusCode.Cancelled, (await QuerySide.RefusalOf(side.Service.GetProduct(request, new TestCall(null, gone.Token)))).Code);
        var late = new TestCall(side.Clock.GetUtcNow().UtcDateTime, gone.Token);
        Assert.Equal(StatusCode.DeadlineExceeded, (await QuerySide.RefusalOf(side.Service.GetProduct(request, late))).Code);
        Assert.Equal(0, side.Index.OpenReaders);
    }

    [Fact]
    public async Task The_status_tells_how_far_behind_the_index_is_and_where_to_watch_from()
    {
        using var side = new QuerySide();
        var now = side.Clock.GetUtcNow();
        side.Index.Status = new IndexStatus(ProjectionStatus.Types.Phase.CatchingUp, "log-1", 5, now.AddSeconds(-2.5), 1, DirectSync: true);
        var status = await side.Service.GetProjectionStatus(new GetProjectionStatusRequest(), Call);
        Assert.Equal((ProjectionStatus.Types.Phase.CatchingUp, 5, 2.5, true, 1, "log-1", now),
            (status.Phase, status.LagEvents, status.Lag.ToTimeSpan().TotalSeconds, status.DirectSync, status.DeadLetters, status.LogId, status.ObserveTime.ToDateTimeOffset()));
        Assert.NotEmpty(status.WatchPosition);
        // What comes before it is found from now on.
        Assert.Equal(1, side.Index.Refreshes);

        // While an index is built there is no place to watch from: the new one may lack the last of what was passed.
        side.Index.Status = side.Index.Status with { Phase = ProjectionStatus.Types.Phase.Rebuilding };
        Assert.Empty((await side.Service.GetProjectionStatus(new GetProjectionStatusRequest(), Call)).WatchPosition);

        // Without the queue there is none either, but the rest can be told.
        side.Feed.EndFailure = new IndexUnavailableException(ErrorReason.IndexUnavailable, "The queue is away.");
        status = await side.Service.GetProjectionStatus(new GetProjectionStatusRequest(), Call);
        Assert.Equal((5, true, ""), (status.LagEvents, status.DirectSync, status.WatchPosition));

        side.Index.Status = side.Index.Status with { OldestUnprojected = now.AddSeconds(1) };
        Assert.Equal(TimeSpan.Zero, (await side.Service.GetProjectionStatus(new GetProjectionStatusRequest(), Call)).Lag.ToTimeSpan());
    }
}
