using Catalog.V1;
using Grpc.Core;

namespace Catalog.SystemTests;

/// <summary>Backing up and restoring a catalog that runs.</summary>
public sealed class BackupTests : IDisposable
{
    private readonly TempFolder _folder = new(), _elsewhere = new();

    /// <inheritdoc />
    public void Dispose()
    {
        _folder.Dispose();
        _elsewhere.Dispose();
    }

    [Fact]
    public async Task A_backup_takes_the_catalogs_place_while_it_serves_and_nothing_of_the_lost_future_survives()
    {
        var backup = _elsewhere.File("backup.db");
        await using var catalog = await CatalogProcess.StartAsync(_folder.Path);
        var kept = await catalog.CreatedAsync(title: "as it was");
        // By a pipe, as out of a container that has no other way.
        await DoneAsync("1 products were backed up.", "sh", "-c", $"'{CatalogProcess.Executable}' backup - --data '{_folder.Path}' > '{backup}'");
        await catalog.Writes().UpdateProductAsync(new UpdateProductRequest { Product = new Product { Name = kept.Name, Title = "of the lost future" } });
        var lost = await catalog.CreatedAsync();
        await catalog.GetAsync(lost);
        var position = (await catalog.Reads().GetProjectionStatusAsync(new GetProjectionStatusRequest())).WatchPosition;

        using var over = new CancellationTokenSource();
        var reads = 0;
        var reading = Task.Run(async () =>
        {
            for (; !over.IsCancellationRequested; reads++) Assert.Equal(kept.Name, (await catalog.Reads().GetProductAsync(new GetProductRequest { Name = kept.Name })).Name);
        });
        await DoneAsync("The index follows the restored database.", "sh", "-c", $"'{CatalogProcess.Executable}' restore - --data '{_folder.Path}' < '{backup}'");
        await over.CancelAsync();
        await reading;
        Assert.True(reads > 0);

        await HoldsAsync(catalog);
        // What was promised of the lost future is void, and said to be.
        (await catalog.CallAsync(Via.Grpc, new GetProductRequest { Name = kept.Name, ConsistencyTokens = { lost.ConsistencyToken } })).Fails(StatusCode.FailedPrecondition, ErrorReason.TokenOfAnotherLog);
        using var watch = catalog.Reads().WatchProducts(new WatchProductsRequest { Position = position });
        (await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await watch.ResponseStream.MoveNext(CancellationToken.None)) { }
        })).Is(StatusCode.OutOfRange, ErrorReason.PositionExpired);
        // It is on the disk, and goes on.
        await catalog.KillAsync();
        Assert.Equal(["admin.sock", "catalog.db", "lock"], Directory.GetFiles(_folder.Path).Select(f => Path.GetFileName(f)).Where(f => !f.Contains("db-") && !f.StartsWith("index", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        await using var again = await CatalogProcess.StartAsync(_folder.Path);
        await HoldsAsync(again);
        var next = await again.Writes().UpdateProductAsync(new UpdateProductRequest { Product = new Product { Name = kept.Name, Title = "anew" } });
        Assert.Equal("anew", (await again.GetAsync(next)).Title);

        async Task HoldsAsync(CatalogProcess process)
        {
            Assert.Equal("as it was", (await process.Reads().GetProductAsync(new GetProductRequest { Name = kept.Name })).Title);
            Assert.Equal(1, (await process.Reads().SearchProductsAsync(new SearchProductsRequest())).TotalSize);
        }
    }

    [Fact]
    public async Task What_cannot_be_done_is_said_in_one_line_with_what_to_do()
    {
        var file = _elsewhere.File("file");
        await FailsAsync(1, "There is no catalog at", "backup", file);
        await FailsAsync(2, "Start it there first", "restore", file);
        await using var catalog = await CatalogProcess.StartAsync(_folder.Path);
        await FailsAsync(1, "Could not find file", "restore", file);
        await File.WriteAllTextAsync(file, string.Concat(Enumerable.Repeat("This is no database. ", 500)));
        await FailsAsync(1, "Take another backup.", "restore", file);
        await FailsAsync(1, "is there already", "backup", file);
        await FailsAsync(1, "cannot be written", "backup", Path.Combine(file + "-folder", "file"));
        await catalog.CreatedAsync();
    }

    private static async Task DoneAsync(string said, params string[] command)
    {
        var (code, output) = await HostProcess.RunAsync(command);
        Assert.True(code == 0, output);
        Assert.Contains(said, output, StringComparison.Ordinal);
    }

    private async Task FailsAsync(int expected, string said, string verb, string file)
    {
        var (code, output) = await CatalogProcess.RunAsync(verb, file, "--data", _folder.Path);
        Assert.Equal(expected, code);
        Assert.Contains(said, Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }
}
