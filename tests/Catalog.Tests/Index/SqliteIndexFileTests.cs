using Catalog.Projections;
using Catalog.Queries;
using Catalog.Sqlite.Index;
using Catalog.Sqlite.Sql;
using Catalog.V1;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Catalog.Tests.Index;

/// <summary>What becomes of index files that are missing, half built, out of date or broken.</summary>
public sealed partial class SqliteIndexFileTests : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("catalog-index-");
    private readonly FakeTimeProvider _time = new() { AutoAdvanceAmount = TimeSpan.FromSeconds(1) };
    private readonly LogCollector _logged = new();
    private SqliteIndexSet? _set;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string[] Files => [.. Directory.GetFiles(Path.Combine(_folder.FullName, "index"), "products-*.db").Order(StringComparer.Ordinal)];

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Without_an_index_reads_say_that_it_is_being_built()
    {
        var set = Open();
        Assert.True(set.Unusable.IsCompleted);
        Assert.Null(await set.GetCurrentAsync(Cancellation));
        await AssertRebuildingAsync(async () => (await set.OpenAsync(Cancellation)).Dispose());
        Assert.Equal(ProjectionStatus.Types.Phase.Rebuilding, (await set.GetStatusAsync(Cancellation)).Phase);

        await set.SwapAsync(await set.CreateAsync("log", Cancellation), Cancellation);
        Assert.False(set.Unusable.IsCompleted);
        Assert.Equal(ProjectionStatus.Types.Phase.Current, (await set.GetStatusAsync(Cancellation)).Phase);
    }

    [Fact]
    public async Task An_index_survives_a_restart()
    {
        await FillAsync(100);
        await _set!.AddAsync(new DeadLetter(7, new byte[] { 1, 2 }, "Broken.", DateTimeOffset.UnixEpoch), Cancellation);
        await CloseAsync();

        var set = Open();
        Assert.False(set.Unusable.IsCompleted);
        Assert.Equal(100, await (await set.GetCurrentAsync(Cancellation))!.GetPositionAsync(Cancellation));
        using var reader = await set.OpenAsync(Cancellation);
        Assert.Equal("Lamp number 5", (await reader.GetAsync(["p5"], Cancellation))[0]?.Title);
        Assert.Equal(100, (await reader.SearchAsync(ProductIndexContract.Plan("lmap"), Cancellation)).Total);
        Assert.Equal("Broken.", Assert.Single(await set.ReadAsync(0, 10, Cancellation)).Reason);
        Assert.Equal([1, 2], Assert.Single(await set.ReadAsync(6, 10, Cancellation)).Body.ToArray());
        await set.RemoveAsync(7, Cancellation);
        Assert.Empty(await set.ReadAsync(0, 10, Cancellation));
    }

    [Fact]
    public async Task An_index_that_was_never_completed_is_removed_and_the_one_before_serves()
    {
        await FillAsync(3);
        var half = await _set!.CreateAsync("log", Cancellation);
        await half.WriteAsync([Titled(99)], Cancellation);
        var complete = Files[0];
        var left = Files[1];
        File.Copy(left, left + ".copy");
        await CloseAsync();
        File.Move(left + ".copy", left);

        var set = Open();
        Assert.Equal([complete], Files);
        using var reader = await set.OpenAsync(Cancellation);
        Assert.Equal([1, 0], await reader.GetVersionsAsync(["p1", "p99"], Cancellation));
    }

    [Fact]
    public async Task The_newest_complete_index_serves_and_older_ones_are_removed()
    {
        await FillAsync(1);
        var old = Files[0];
        File.Copy(old, old + ".copy");
        await FillAsync(2);
        await CloseAsync();
        File.Move(old + ".copy", old);

        var set = Open();
        Assert.Single(Files);
        using var reader = await set.OpenAsync(Cancellation);
        Assert.Equal([1], await reader.GetVersionsAsync(["p1"], Cancellation));
    }

    [Fact]
    public async Task A_swapped_out_index_is_removed_when_its_last_reader_leaves()
    {
        await FillAsync(3);
        var reader = await _set!.OpenAsync(Cancellation);
        await FillAsync(0);
        Assert.Equal(2, Files.Length);
        Assert.Equal([1], await reader.GetVersionsAsync(["p1"], Cancellation));
        Assert.Equal(3, (await reader.SearchAsync(ProductIndexContract.Plan("lamp"), Cancellation)).Total);
        reader.Dispose();
        await AssertOneFileAsync();
    }

    [Fact]
    public async Task An_index_of_another_schema_is_built_anew()
    {
        await FillAsync(3);
        await CloseAsync();
        using (var connection = new Connection(Files[0])) connection.Execute("PRAGMA user_version = 99");
        Assert.Null(await Open().GetCurrentAsync(Cancellation));
        Assert.Empty(Files);
    }

    [Theory]
    [InlineData("not a database at all, but a text that is longer than the header of one, which is a hundred bytes long or so they say")]
    [InlineData("")]
    public async Task A_file_that_is_no_index_is_set_aside(string content)
    {
        Directory.CreateDirectory(Path.Combine(_folder.FullName, "index"));
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "index", "products-20240101000000.db"), content, Cancellation);
        var set = Open();
        Assert.Null(await set.GetCurrentAsync(Cancellation));
        Assert.Empty(Files);
        Assert.Equal(content, await File.ReadAllTextAsync(Path.Combine(_folder.FullName, "index", "damaged.db"), Cancellation));
    }

    private SqliteIndexSet Open() => _set ??= new SqliteIndexSet(_folder.FullName, new ListLog("log"), _time, new LoggerFactory([_logged]).CreateLogger<SqliteIndexSet>());

    private async Task CloseAsync()
    {
        if (_set is not null) await _set.DisposeAsync();
        _set = null;
    }

    // A new index with so many products, at that position.
    private async Task FillAsync(int count)
    {
        var writer = await Open().CreateAsync("log", Cancellation);
        await writer.WriteAsync([.. Enumerable.Range(0, count).Select(i => Titled(i))], Cancellation);
        await writer.SavePositionAsync(count, Cancellation);
        await _set!.SwapAsync(writer, Cancellation);
    }

    private async Task AssertWorksAgainAsync(SqliteIndexSet set)
    {
        Assert.Null(await set.GetCurrentAsync(Cancellation));
        await FillAsync(10);
        using var reader = await set.OpenAsync(Cancellation);
        Assert.Equal(10, (await reader.SearchAsync(ProductIndexContract.Plan("lamp"), Cancellation)).Total);
        await AssertOneFileAsync();
    }

    // Those who still use a file that was closed let go of it in their own time.
    private async Task AssertOneFileAsync()
    {
        for (var deadline = Environment.TickCount64 + 30_000; Files.Length > 1 && Environment.TickCount64 < deadline;) await Task.Yield();
        Assert.Single(Files);
    }

    private static async Task AssertRebuildingAsync(Func<Task> act) =>
        Assert.Equal(ErrorReason.IndexRebuilding, (await Assert.ThrowsAsync<IndexUnavailableException>(act)).Reason);

    private static Product Titled(int number, long version = 1) => new()
    {
        Name = $"products/p{number}", Sku = $"sku-{number}", Title = $"Lamp number {number}", Version = version, State = Product.Types.State.Active, Description = new string('x', 300),
    };
}
