using Catalog.Commands;
using Catalog.Commands.Relaying;
using Catalog.Projections;
using Catalog.Tests.Commands;
using Catalog.V1;
using Dapper;
using Microsoft.Data.SqlClient;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Catalog.Tests.SqlServer;

[Collection(TestSchema.Server)]
public sealed class SqlServerLogTests
{
    [Fact]
    public async Task Readers_stay_below_what_an_open_transaction_may_still_commit()
    {
        await using var schema = await TestSchema.MigrateAsync();
        await using var services = SqlServerCommandStoreTests.Services(schema.Options);
        var (store, log) = (services.GetRequiredService<ICommandStore>(), services.GetRequiredService<IEventLog>());
        await store.ExecuteAsync(TestCommands.Create("first"));
        var head = (await log.GetBoundsAsync(default)).Head;

        await using var connection = await schema.ConnectAsync();
        await using var open = (SqlTransaction)await connection.BeginTransactionAsync();
        await connection.ExecuteAsync($"INSERT INTO [{schema.Options.Schema}].events (occurred, body) VALUES (SYSUTCDATETIME(), @body)", new { body = new byte[] { 1 } }, open);
        Assert.IsType<CommandOutcome.Committed>(await store.ExecuteAsync(TestCommands.Create("second")));

        Assert.Empty(await log.ReadAsync(head, 10, default));
        Assert.Equal(head, (await log.GetBoundsAsync(default)).Head);
        var state = await services.GetRequiredService<IOutbox>().GetStateAsync(default);
        Assert.Equal(head, state.Head);
        Assert.NotNull(state.HeldSince);
        var waiting = log.WaitAsync(head, default);

        await open.CommitAsync();
        await waiting.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Null((await services.GetRequiredService<IOutbox>().GetStateAsync(default)).HeldSince);
        var events = await log.ReadAsync(head, 10, default);
        Assert.Equal([[1], "products/second"u8.ToArray()], events.Select(e => e.Body.Length == 1 ? e.Body.ToArray() : System.Text.Encoding.UTF8.GetBytes(ProductEvent.Parser.ParseFrom(e.Body.Span).Name)));
    }

    [Fact]
    public async Task Groups_that_lock_the_same_products_in_opposite_orders_all_come_through()
    {
        await using var schema = await TestSchema.MigrateAsync();
        await using var one = SqlServerCommandStoreTests.Services(schema.Options);
        await using var other = SqlServerCommandStoreTests.Services(schema.Options);
        var ids = Enumerable.Range(0, 20).Select(i => $"p{i}").ToArray();
        foreach (var id in ids) await one.GetRequiredService<ICommandStore>().ExecuteAsync(TestCommands.Create(id));

        for (var round = 0; round < 5; round++)
        {
            var both = await Task.WhenAll(
                one.GetRequiredService<ICommandStore>().ExecuteAllAsync([.. ids.Select(id => TestCommands.Adjust(id, 1))]),
                other.GetRequiredService<ICommandStore>().ExecuteAllAsync([.. ids.Reverse().Select(id => TestCommands.Adjust(id, 1))]));
            Assert.All(both.SelectMany(outcomes => outcomes), outcome => Assert.IsType<CommandOutcome.Committed>(outcome));
        }
        var last = await one.GetRequiredService<ICommandStore>().ExecuteAllAsync([.. ids.Select(id => TestCommands.Adjust(id, 1))]);
        Assert.All(last, outcome => Assert.Equal(12, Assert.IsType<CommandOutcome.Committed>(outcome).Version));
    }

    [Fact]
    public async Task A_commit_of_another_process_wakes_who_waits()
    {
        await using var schema = await TestSchema.MigrateAsync();
        await using var one = SqlServerCommandStoreTests.Services(schema.Options);
        await using var other = SqlServerCommandStoreTests.Services(schema.Options);
        var waiting = one.GetRequiredService<IEventLog>().WaitAsync(0, default);
        Assert.False(waiting.IsCompleted);

        await other.GetRequiredService<ICommandStore>().ExecuteAsync(TestCommands.Create("lamp"));

        await waiting.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_command_answers_with_the_id_that_another_process_gave_the_log()
    {
        await using var schema = await TestSchema.MigrateAsync();
        await using var one = SqlServerCommandStoreTests.Services(schema.Options);
        await using var other = SqlServerCommandStoreTests.Services(schema.Options);
        var store = one.GetRequiredService<ICommandStore>();
        var before = Assert.IsType<CommandOutcome.Committed>(await store.ExecuteAsync(TestCommands.Create("lamp", requestId: "r1")));

        await other.GetRequiredService<IEventLog>().RenewAsync(default);

        var renewed = (await one.GetRequiredService<IEventLog>().GetBoundsAsync(default)).LogId;
        Assert.Matches("^[0-9a-f]{32}$", before.LogId);
        Assert.Matches("^[0-9a-f]{32}$", renewed);
        Assert.NotEqual(before.LogId, renewed);
        // Written, repeated, unchanged, and in a group.
        CommandOutcome[] after =
        [
            await store.ExecuteAsync(TestCommands.Activate("lamp")), await store.ExecuteAsync(TestCommands.Create("lamp", requestId: "r1")), await store.ExecuteAsync(TestCommands.Activate("lamp")),
            .. await store.ExecuteAllAsync([TestCommands.Create("a"), TestCommands.Create("b")]),
        ];
        Assert.All(after, o => Assert.Equal(renewed, Assert.IsType<CommandOutcome.Committed>(o).LogId));
    }

    [Fact]
    public async Task A_read_of_large_events_is_bounded_by_bytes_and_always_gets_on()
    {
        await using var schema = await TestSchema.MigrateAsync();
        await using var services = SqlServerCommandStoreTests.Services(schema.Options);
        await using var connection = await schema.ConnectAsync();
        for (var i = 0; i < 3; i++)
            await connection.ExecuteAsync($"INSERT INTO [{schema.Options.Schema}].events (occurred, body) VALUES (SYSUTCDATETIME(), @body)", new { body = new byte[3 * 1024 * 1024] });
        var log = services.GetRequiredService<IEventLog>();

        var first = await log.ReadAsync(0, 10, default);
        var rest = await log.ReadAsync(first[^1].Position, 10, default);

        Assert.Equal((2, 1), (first.Count, rest.Count));
    }

    [Fact]
    public async Task Young_events_and_receipts_stay()
    {
        await using var schema = await TestSchema.MigrateAsync();
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
        await using var services = SqlServerCommandStoreTests.Services(schema.Options, time);
        for (var i = 0; i < 3; i++) await services.GetRequiredService<ICommandStore>().ExecuteAsync(TestCommands.Create($"p{i}", requestId: $"r{i}"));
        var retention = services.GetRequiredService<IRetention>();

        Assert.Equal((0, 0), await retention.RunAsync(long.MaxValue, default));
        time.Advance(TimeSpan.FromHours(49));
        Assert.Equal((0, 3), await retention.RunAsync(long.MaxValue, default));
        time.Advance(TimeSpan.FromDays(7));
        Assert.Equal((3, 0), await retention.RunAsync(long.MaxValue, default));
    }
}
