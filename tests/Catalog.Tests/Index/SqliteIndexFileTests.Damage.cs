using Catalog.Projections;
using Catalog.Queries;
using Catalog.Sqlite.Sql;
using Catalog.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Catalog.Tests.Index;

public sealed partial class SqliteIndexFileTests
{
    [Fact]
    public async Task Damage_found_while_opening_leads_to_a_new_index()
    {
        await FillAsync(500);
        await CloseAsync();
        Garble(Files[0], from: 2 * 4096);
        var set = Open();
        await set.Unusable.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        await AssertWorksAgainAsync(set);
    }

    [Fact]
    public async Task Damage_found_while_reading_leads_to_a_new_index()
    {
        await FillAsync(2000);
        await CloseAsync();
        var set = Open();
        using var reader = await set.OpenAsync(Cancellation);
        Assert.Equal(2000, (await reader.SearchAsync(ProductIndexContract.Plan(), Cancellation)).Total);
        Garble(Files[0], from: 2 * 4096);
        await AssertRebuildingAsync(async () => await reader.GetAsync([.. Enumerable.Range(0, 2000).Select(i => $"p{i}")], Cancellation));
        await set.Unusable.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        await AssertRebuildingAsync(async () => (await set.OpenAsync(Cancellation)).Dispose());
        reader.Dispose();
        await AssertWorksAgainAsync(set);
    }

    [Fact]
    public async Task Damage_found_while_writing_leads_to_a_new_index()
    {
        await FillAsync(2000);
        await CloseAsync();
        var set = Open();
        var writer = await set.GetCurrentAsync(Cancellation);
        Garble(Files[0], from: 2 * 4096);
        await Assert.ThrowsAsync<IndexLostException>(async () =>
        {
            for (var i = 0; i < 2000; i++) await writer!.WriteAsync([Titled(i, version: 2)], Cancellation);
        });
        await set.Unusable.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        await AssertWorksAgainAsync(set);
    }

    [Fact]
    public async Task Damage_in_the_full_text_index_alone_leads_to_a_new_index()
    {
        await FillAsync(500);
        await CloseAsync();
        using (var connection = new Connection(Files[0])) connection.Execute("UPDATE words_data SET block = substr(block, 1, length(block) / 2) WHERE id > 10");
        var set = Open();
        await AssertRebuildingAsync(async () =>
        {
            using var reader = await set.OpenAsync(Cancellation);
            await reader.SearchAsync(ProductIndexContract.Plan("\"lamp\""), Cancellation);
        });
        await set.Unusable.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        await AssertWorksAgainAsync(set);
    }

    [Fact]
    public async Task A_product_that_can_be_read_and_makes_no_sense_leads_to_a_new_index()
    {
        await FillAsync(10);
        await CloseAsync();
        var product = new Product { Name = "products/p1", Version = 1, Title = "lamp", State = (Product.Types.State)300, UpdateTime = new Timestamp { Seconds = long.MaxValue } };
        using (var connection = new Connection(Files[0])) connection.Execute($"UPDATE docs SET body = x'{Convert.ToHexString(product.ToByteArray())}' WHERE row = 1");
        var set = Open();
        await set.Unusable.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        await AssertWorksAgainAsync(set);
    }

    [Fact]
    public async Task Damage_that_nobody_has_met_yet_is_looked_for_after_opening()
    {
        await FillAsync(500);
        await CloseAsync();
        using (var connection = new Connection(Files[0])) connection.Execute("UPDATE words_data SET block = substr(block, 1, length(block) / 2) WHERE id > 10");
        var set = Open();
        await set.Unusable.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        await AssertWorksAgainAsync(set);
    }

    [Fact]
    public async Task A_file_that_somebody_removed_leads_to_a_new_index()
    {
        await FillAsync(10);
        File.Delete(Files[0]);
        Assert.Null(await _set!.GetCurrentAsync(Cancellation));
        Assert.True(_set.Unusable.IsCompleted);
        await AssertWorksAgainAsync(_set);
    }

    [Theory]
    [InlineData(false, "")]
    [InlineData(false, "-wal")]
    [InlineData(false, "", "-wal")]
    [InlineData(true, "")]
    [InlineData(true, "", "-wal")]
    public async Task A_file_that_somebody_emptied_leads_to_a_new_index(bool isRead, params string[] companions)
    {
        await FillAsync(500);
        await (await _set!.GetCurrentAsync(Cancellation))!.WriteAsync([Titled(1, version: 2)], Cancellation);
        if (isRead) await ReadAsync();
        foreach (var companion in companions) using (var file = new FileStream(Files[0] + companion, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) file.SetLength(0);

        // What is in memory is read on; of those who come newly one must notice.
        for (var reads = 0; !_set.Unusable.IsCompleted; reads++)
        {
            Assert.True(reads < 100, "nobody noticed");
            foreach (var e in await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () => await Record.ExceptionAsync(ReadAsync))))) if (e is not null) Assert.IsType<IndexUnavailableException>(e);
        }
        await AssertWorksAgainAsync(_set);

        async Task ReadAsync()
        {
            using var reader = await _set.OpenAsync(Cancellation);
            await reader.GetAsync([.. Enumerable.Range(0, 500).Select(i => $"p{i}")], Cancellation);
        }
    }

    [Fact]
    public async Task What_fails_for_another_reason_than_damage_is_said_once_and_leaves_the_index()
    {
        await FillAsync(10);
        using var other = new Connection(Files[0]);
        other.Execute("BEGIN IMMEDIATE");
        var writer = (await _set!.GetCurrentAsync(Cancellation))!;
        for (var i = 0; i < 2; i++) Assert.Equal(ErrorReason.IndexUnavailable, (await Assert.ThrowsAsync<IndexUnavailableException>(async () => await writer.WriteAsync([Titled(1, version: 2)], Cancellation))).Reason);
        Assert.Contains("locked", Assert.Single(_logged.Lines).Text, StringComparison.Ordinal);
        other.Execute("ROLLBACK");
        await writer.WriteAsync([Titled(1, version: 2)], Cancellation);
        Assert.False(_set.Unusable.IsCompleted);
    }

    private static void Garble(string file, int from)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        var garbage = new byte[stream.Length - from];
        new Random(1).NextBytes(garbage);
        stream.Position = from;
        stream.Write(garbage);
    }
}
