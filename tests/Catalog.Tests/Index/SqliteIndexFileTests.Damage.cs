using Catalog.Projections;
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

    private static void Garble(string file, int from)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        var garbage = new byte[stream.Length - from];
        new Random(1).NextBytes(garbage);
        stream.Position = from;
        stream.Write(garbage);
    }
}
