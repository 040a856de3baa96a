using System.Diagnostics;
using Catalog.Internal.V1;
using Catalog.V1;
using Grpc.Core;
using Grpc.Health.V1;
using Reflect = Grpc.Reflection.V1;

namespace Catalog.SystemTests;

/// <summary>SIGTERM drains (G11).</summary>
public sealed class StopTests : IDisposable
{
    private readonly TempFolder _folder = new();

    /// <inheritdoc />
    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Under_load_calls_finish_streams_end_with_a_status_and_nothing_acknowledged_is_lost()
    {
        await using var catalog = await CatalogProcess.StartAsync(_folder.Path);
        var name = (await catalog.CreatedAsync()).Name;
        using var watch = await Watcher.StartAsync(catalog);
        using var idleImport = catalog.Writes().ImportProducts();
        await idleImport.RequestStream.WriteAsync(new ImportProductsRequest { Rows = { new ImportRow { Sku = "row", Title = "Row" } } });
        Assert.True(await idleImport.ResponseStream.MoveNext(CancellationToken.None));
        using var rest = await catalog.Rest.GetAsync(new Uri("/v1/products:watch", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        using var reflection = new Reflect.ServerReflection.ServerReflectionClient(catalog.Commands).ServerReflectionInfo();
        await reflection.RequestStream.WriteAsync(new Reflect.ServerReflectionRequest { ListServices = "" });
        Assert.True(await reflection.ResponseStream.MoveNext(CancellationToken.None));
        using var health = new Health.HealthClient(catalog.Commands).Watch(new HealthCheckRequest());
        var acknowledged = 0;
        List<RpcException> ends = [];
        var writers = Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            try
            {
                while (true)
                {
                    await catalog.Writes().AdjustStockAsync(new AdjustStockRequest { Name = name, Delta = 1, Reason = "until the end" });
                    Interlocked.Increment(ref acknowledged);
                }
            }
            catch (RpcException e)
            {
                lock (ends) ends.Add(e);
            }
        })).ToArray();
        await Eventually.TrueAsync("the load is on", () => Volatile.Read(ref acknowledged) > 100);

        var clock = Stopwatch.StartNew();
        catalog.Terminate();
        (await Assert.ThrowsAsync<RpcException>(() => watch.TakeAsync(int.MaxValue, _ => true))).Is(StatusCode.Unavailable, ErrorReason.ShuttingDown);
        Assert.False(await reflection.ResponseStream.MoveNext(CancellationToken.None));
        (await Assert.ThrowsAsync<RpcException>(() => idleImport.ResponseStream.MoveNext(CancellationToken.None))).Is(StatusCode.Unavailable, ErrorReason.ShuttingDown);
        await Task.WhenAll(writers);
        Assert.Equal(0, await catalog.WaitForExitAsync(Eventually.Patience));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"it took {clock.Elapsed}");

        // A call that the service took on was answered; the others never reached it, and say so.
        Assert.All(ends, e => Assert.Equal(StatusCode.Unavailable, e.StatusCode));
        await using var again = await CatalogProcess.StartAsync(_folder.Path);
        var last = await again.Writes().AdjustStockAsync(new AdjustStockRequest { Name = name, Delta = 1, Reason = "to read it" });
        Assert.Equal(acknowledged + 1, (await again.GetAsync(last)).StockQuantity);
    }

    [Fact]
    public async Task A_call_that_takes_seconds_is_finished()
    {
        await using var catalog = await CatalogProcess.StartAsync(_folder.Path);
        var created = await catalog.CreatedAsync();
        Assert.True(OpaqueText.TryDecode(created.ConsistencyToken, ConsistencyToken.Parser, out var token));
        // Of a write that does not come: it is waited for as long as a read ever waits.
        token.Writes[0].Version++;
        var read = catalog.Reads().GetProductAsync(new GetProductRequest { Name = created.Name, ConsistencyTokens = { OpaqueText.Encode(token) } }).ResponseAsync;
        // It is on its way before the next one is answered.
        await catalog.GetAsync(created);
        catalog.Terminate();
        (await Assert.ThrowsAsync<RpcException>(() => read)).Is(StatusCode.Unavailable, ErrorReason.ReadNotCaughtUp);
        Assert.Equal(0, await catalog.WaitForExitAsync(Eventually.Patience));
    }

    [Fact]
    public async Task In_the_middle_of_an_import_what_was_answered_is_there_and_the_rest_is_resumed()
    {
        var answered = 0L;
        await using (var catalog = await CatalogProcess.StartAsync(_folder.Path))
        {
            using var import = catalog.Writes().ImportProducts();
            var sending = Task.Run(async () =>
            {
                try
                {
                    for (var message = 0; ; message++)
                        await import.RequestStream.WriteAsync(new ImportProductsRequest { Rows = { Enumerable.Range(message * 100, 100).Select(i => new ImportRow { Sku = $"row-{i}", Title = "Row" }) } });
                }
                catch (Exception e) when (e is RpcException or InvalidOperationException)
                {
                    // It has ended.
                }
            });
            var ended = await Assert.ThrowsAsync<RpcException>(async () =>
            {
                while (await import.ResponseStream.MoveNext(CancellationToken.None))
                {
                    if (answered == 0) catalog.Terminate();
                    answered = import.ResponseStream.Current.Progress.Created;
                }
            });
            ended.Is(StatusCode.Unavailable, ErrorReason.ShuttingDown);
            await sending;
            Assert.Equal(0, await catalog.WaitForExitAsync(Eventually.Patience));
        }
        await using var again = await CatalogProcess.StartAsync(_folder.Path);
        using var resumed = again.Writes().ImportProducts();
        for (var from = 0; from < answered + 1000; from += 1000)
            await resumed.RequestStream.WriteAsync(new ImportProductsRequest { Rows = { Enumerable.Range(from, 1000).Select(i => new ImportRow { Sku = $"row-{i}", Title = "Row" }) } });
        await resumed.RequestStream.CompleteAsync();
        ImportProgress progress = new();
        await foreach (var answer in resumed.ResponseStream.ReadAllAsync()) progress = answer.Progress;
        Assert.True(progress.Unchanged >= answered, $"{progress.Unchanged} of {answered} rows that were answered are there");
        Assert.Equal(0, progress.Failed);
    }

    [Fact]
    public async Task A_process_that_is_told_to_stop_is_not_ready_any_more()
    {
        await using var catalog = await CatalogProcess.StartAsync(_folder.Path);
        using var health = new Health.HealthClient(catalog.Commands).Watch(new HealthCheckRequest());
        Assert.True(await health.ResponseStream.MoveNext(CancellationToken.None));
        catalog.Terminate();
        try
        {
            while (await health.ResponseStream.MoveNext(CancellationToken.None))
                Assert.Equal(HealthCheckResponse.Types.ServingStatus.NotServing, health.ResponseStream.Current.Status);
        }
        catch (RpcException e)
        {
            Assert.Contains(e.StatusCode, new[] { StatusCode.Unavailable, StatusCode.Cancelled });
        }
        Assert.Equal(0, await catalog.WaitForExitAsync(TimeSpan.FromSeconds(20)));
    }
}
