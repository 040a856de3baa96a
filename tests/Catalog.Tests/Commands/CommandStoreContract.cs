using Catalog.Commands;
using Catalog.Commands.Relaying;
using Catalog.Projections;
using Catalog.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Catalog.Tests.Commands;

/// <summary>A command database under test.</summary>
public interface ICommandStoreUnderTest : IAsyncDisposable
{
    ICommandStore Store { get; }

    IEventLog Log { get; }

    IProductStates States { get; }

    IOutbox Outbox { get; }

    /// <summary>Removes the events up to a position and the receipts, as if all of them were old.</summary>
    Task TrimAsync(long passed);

    /// <summary>Closes the database and opens it again, as a new process would.</summary>
    Task ReopenAsync();
}

/// <summary>What every command database must do (G1–G5, and the event log).</summary>
public abstract partial class CommandStoreContract : IAsyncLifetime
{
    private ICommandStoreUnderTest _database = null!;

    protected abstract Task<ICommandStoreUnderTest> OpenAsync();

    public async ValueTask InitializeAsync() => _database = await OpenAsync();

    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task An_accepted_command_leaves_state_event_and_receipt()
    {
        var committed = await Commit(TestCommands.Create("lamp", requestId: "r1"));

        Assert.Equal(("lamp", 1), (committed.ProductId, committed.Version));
        var product = Assert.Single(await StatesAsync());
        Assert.Equal(("products/lamp", "lamp", 1, committed.Etag), (product.Name, product.Sku, product.Version, product.Etag));
        var happened = Assert.Single(await EventsAsync());
        Assert.Equal(ProductEvent.ChangeOneofCase.Created, happened.ChangeCase);
        Assert.Equal(product, happened.Product);
        Assert.False((await Commit(TestCommands.Create("lamp", requestId: "r1"))).Changed);
    }

    [Fact]
    public async Task A_refused_command_leaves_nothing_and_its_request_id_stays_free()
    {
        AssertRefused(StatusCode.NotFound, "PRODUCT_NOT_FOUND", await Run(TestCommands.Adjust("lamp", 1, requestId: "r1")));
        Assert.Empty(await StatesAsync());
        Assert.Empty(await EventsAsync());

        await Commit(TestCommands.Create("lamp"));
        Assert.True((await Commit(TestCommands.Adjust("lamp", 1, requestId: "r1"))).Changed);
    }

    [Fact]
    public async Task The_same_request_id_gives_the_same_receipt_once_and_for_all()
    {
        await Commit(TestCommands.Create("lamp", stock: 10));
        var first = await Commit(TestCommands.Adjust("lamp", -3, requestId: "r1"));
        await Commit(TestCommands.Adjust("lamp", -3));
        await _database.ReopenAsync();

        var second = await Commit(TestCommands.Adjust("lamp", -3, requestId: "r1"));

        Assert.Equal(first with { Changed = false }, second);
        Assert.Equal(4, (await StatesAsync())[0].StockQuantity);
        Assert.Equal(3, (await EventsAsync()).Count);
    }

    [Fact]
    public async Task A_repeated_command_is_answered_from_its_receipt_even_where_it_would_be_refused_now()
    {
        var first = await Commit(TestCommands.Create("lamp", requestId: "r1"));
        await Commit(TestCommands.Delete("lamp"));
        Assert.Equal(first with { Changed = false }, await Commit(TestCommands.Create("lamp", requestId: "r1")));
    }

    [Fact]
    public async Task A_request_id_with_other_content_is_refused()
    {
        await Commit(TestCommands.Create("lamp", stock: 10));
        await Commit(TestCommands.Adjust("lamp", -3, requestId: "r1"));
        AssertRefused(StatusCode.FailedPrecondition, "REQUEST_ID_REUSED", await Run(TestCommands.Adjust("lamp", -4, requestId: "r1")));
        AssertRefused(StatusCode.FailedPrecondition, "REQUEST_ID_REUSED", await Run(TestCommands.Activate("lamp", requestId: "r1")));
        Assert.Equal(7, (await StatesAsync())[0].StockQuantity);
    }

    [Fact]
    public async Task Request_ids_of_different_callers_do_not_meet()
    {
        await Commit(TestCommands.Create("lamp", stock: 10));
        await Commit(TestCommands.Adjust("lamp", -3, requestId: "r1", caller: "ann"));
        Assert.True((await Commit(TestCommands.Adjust("lamp", -4, requestId: "r1", caller: "bob"))).Changed);
    }

    [Fact]
    public async Task Overlapping_attempts_with_one_request_id_have_one_effect()
    {
        await Commit(TestCommands.Create("lamp", stock: 100));
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => Commit(TestCommands.Adjust("lamp", -1, requestId: "r1")))));

        Assert.Single(outcomes, o => o.Changed);
        Assert.Single(outcomes.Select(o => o with { Changed = false }).Distinct());
        Assert.Equal(99, (await StatesAsync())[0].StockQuantity);
    }

    [Fact]
    public async Task A_command_that_changes_nothing_answers_the_present_version_and_makes_no_event()
    {
        await Commit(TestCommands.Create("lamp"));
        var active = await Commit(TestCommands.Activate("lamp"));
        var again = await Commit(TestCommands.Activate("lamp", requestId: "r1"));

        Assert.Equal((active.Version, active.Etag, false), (again.Version, again.Etag, again.Changed));
        Assert.Equal(2, (await EventsAsync()).Count);
        await Commit(TestCommands.Retitle("lamp", "Other"));
        Assert.Equal(again, await Commit(TestCommands.Activate("lamp", requestId: "r1")));
    }

    [Fact]
    public async Task A_SKU_belongs_to_one_product_even_when_many_want_it_at_once()
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => Run(TestCommands.Create($"p{i}", sku: "ONE")))));

        var owner = Assert.Single(outcomes.OfType<CommandOutcome.Committed>()).ProductId;
        foreach (var outcome in outcomes.OfType<CommandOutcome.Refused>())
        {
            AssertRefused(StatusCode.AlreadyExists, "SKU_TAKEN", outcome);
            Assert.Contains(outcome.Error.Details, d => d.TryUnpack<Google.Rpc.ResourceInfo>(out var info) && info.ResourceName == $"products/{owner}");
        }
        Assert.Single(await StatesAsync());
    }

    [Fact]
    public async Task SKUs_are_compared_byte_by_byte()
    {
        await Commit(TestCommands.Create("a", sku: "lamp"));
        await Commit(TestCommands.Create("b", sku: "LAMP"));
        await Commit(TestCommands.Create("c", sku: "Lamp"));
        AssertRefused(StatusCode.AlreadyExists, "SKU_TAKEN", await Run(TestCommands.Resku("c", "LAMP")));
    }

    [Fact]
    public async Task A_deleted_product_frees_its_SKU_and_never_its_id()
    {
        await Commit(TestCommands.Create("a", sku: "LAMP"));
        await Commit(TestCommands.Delete("a"));
        AssertRefused(StatusCode.AlreadyExists, "PRODUCT_DELETED", await Run(TestCommands.Create("a", sku: "OTHER")));
        AssertRefused(StatusCode.NotFound, "PRODUCT_NOT_FOUND", await Run(TestCommands.Delete("a")));
        await Commit(TestCommands.Create("b", sku: "LAMP"));

        var tombstone = (await StatesAsync())[0];
        Assert.Equal((Product.Types.State.Deleted, 2, ""), (tombstone.State, tombstone.Version, tombstone.Sku));
    }

    [Fact]
    public async Task Stock_never_falls_below_zero_however_many_take_from_it_at_once()
    {
        await Commit(TestCommands.Create("lamp", stock: 60));
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Task.Run(() => Run(TestCommands.Adjust("lamp", -1)))));

        Assert.Equal(60, outcomes.OfType<CommandOutcome.Committed>().Count());
        Assert.All(outcomes.OfType<CommandOutcome.Refused>(), o => AssertRefused(StatusCode.FailedPrecondition, "INSUFFICIENT_STOCK", o));
        Assert.Equal((0, 61), ((await StatesAsync())[0].StockQuantity, (await StatesAsync())[0].Version));
    }

    [Fact]
    public async Task Of_two_commands_with_one_etag_the_second_is_aborted()
    {
        var created = await Commit(TestCommands.Create("lamp"));
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => Task.Run(() => Run(TestCommands.Retitle("lamp", $"Title {i}", created.Etag)))));

        Assert.Single(outcomes.OfType<CommandOutcome.Committed>());
        Assert.All(outcomes.OfType<CommandOutcome.Refused>(), o => AssertRefused(StatusCode.Aborted, "ETAG_MISMATCH", o));
    }

    [Fact]
    public async Task A_command_that_its_caller_gave_up_before_it_began_is_not_run()
    {
        var outcome = await Run(TestCommands.Of("lamp", new CreateProductRequest { Product = new Product { Sku = "LAMP", Title = "Lamp" } }, cancellation: new CancellationToken(canceled: true)));
        Assert.IsType<CommandOutcome.Cancelled>(outcome);
        Assert.Empty(await EventsAsync());
    }

    [Fact]
    public async Task Products_are_read_in_pages_that_are_no_larger_than_a_few_megabytes()
    {
        var title = new string('x', 200_000);
        for (var i = 0; i < 50; i++) await Commit(TestCommands.Import($"S{i}", title));
        var (read, largest) = (0, 0);
        for (var key = 0L; await _database.States.ReadAsync(key, 500, default) is { Count: > 0 } page; key = page[^1].Key)
        {
            read += page.Count;
            largest = Math.Max(largest, page.Sum(p => p.Body.Length));
        }
        Assert.Equal(50, read);
        Assert.InRange(largest, 1_000_000, 5_000_000);
    }

    [Fact]
    public async Task Commands_that_find_one_product_by_its_id_and_by_its_SKU_see_each_other()
    {
        await Commit(TestCommands.Import("OLD", "Lamp", "lamp"));
        // Both are about the lamp, but by the time of the second nothing has that SKU any more.
        var outcomes = await _database.Store.ExecuteAllAsync([TestCommands.Import("NEW", "Lamp", "lamp"), TestCommands.Import("OLD", "Lamp")]);

        Assert.Equal("lamp", Assert.IsType<CommandOutcome.Committed>(outcomes[0]).ProductId);
        Assert.NotEqual("lamp", Assert.IsType<CommandOutcome.Committed>(outcomes[1]).ProductId);
        Assert.Equal(["NEW", "OLD"], (await StatesAsync()).Select(p => p.Sku).Order());
    }

    [Fact]
    public async Task An_upsert_by_SKU_that_meets_the_creation_of_the_product_updates_it()
    {
        for (var i = 0; i < 50; i++)
        {
            var create = Task.Run(() => Run(TestCommands.Create($"p{i}", sku: $"S{i}")));
            var import = Task.Run(() => Run(TestCommands.Import($"S{i}", "Imported")));
            Assert.IsType<CommandOutcome.Committed>(await import);
            // The other way round it is the creation that comes second.
            if (await create is not CommandOutcome.Committed) AssertRefused(StatusCode.AlreadyExists, "SKU_TAKEN", await create);
        }
    }

    [Fact]
    public async Task A_command_that_fails_never_harms_its_neighbours()
    {
        var broken = new ProductCommand { ProductId = "broken", Request = null, Decide = (_, _) => throw new InvalidOperationException("a defect") };
        var commands = Enumerable.Range(0, 60).Select(i => i % 7 == 3 ? broken : TestCommands.Create($"p{i}")).ToList();

        var outcomes = await _database.Store.ExecuteAllAsync(commands);

        for (var i = 0; i < commands.Count; i++)
        {
            if (commands[i] == broken) Assert.IsType<CommandOutcome.Failed>(outcomes[i]);
            else Assert.Equal($"p{i}", Assert.IsType<CommandOutcome.Committed>(outcomes[i]).ProductId);
        }
        var written = commands.Count(c => c != broken);
        Assert.Equal(written, (await StatesAsync()).Count);
        Assert.Equal(written, (await EventsAsync()).Select(e => e.Name).Distinct().Count());
    }

    [Fact]
    public async Task A_command_that_the_database_refuses_leaves_its_neighbours_applied_once()
    {
        var ids = Enumerable.Range(0, 10).Select(i => $"p{i}").ToList();
        foreach (var id in ids) await Commit(TestCommands.Create(id));
        // Its id is free, so that only the SKU's constraint can refuse it.
        var thief = TestCommands.Create("thief", sku: "p0");

        var outcomes = await _database.Store.ExecuteAllAsync([.. ids[..5].Select(id => TestCommands.Adjust(id, 1)), thief, .. ids[5..].Select(id => TestCommands.Adjust(id, 1))]);

        AssertRefused(StatusCode.AlreadyExists, "SKU_TAKEN", outcomes[5]);
        Assert.All(outcomes.OfType<CommandOutcome.Committed>(), c => Assert.Equal((2, true), (c.Version, c.Changed)));
        Assert.All(await StatesAsync(), p => Assert.Equal((2, 1), (p.Version, p.StockQuantity)));
        Assert.Equal(20, (await EventsAsync()).Count);
    }

    [Fact]
    public async Task Commands_of_a_batch_run_in_order_and_each_by_itself()
    {
        var outcomes = await _database.Store.ExecuteAllAsync(
        [
            TestCommands.Create("lamp", stock: 1), TestCommands.Adjust("lamp", -2), TestCommands.Adjust("lamp", 5), TestCommands.Adjust("lamp", -2), TestCommands.Delete("lamp"), TestCommands.Activate("lamp"),
        ]);

        AssertRefused(StatusCode.FailedPrecondition, "INSUFFICIENT_STOCK", outcomes[1]);
        AssertRefused(StatusCode.NotFound, "PRODUCT_NOT_FOUND", outcomes[5]);
        Assert.Equal([1, 2, 3, 4], outcomes.OfType<CommandOutcome.Committed>().Select(c => c.Version));
    }

    [Fact]
    public async Task An_import_row_is_an_upsert_by_id_else_by_SKU()
    {
        var created = await Commit(TestCommands.Import("LAMP", "Lamp"));
        Assert.Equal((1, true), (created.Version, created.Changed));
        Assert.False((await Commit(TestCommands.Import("LAMP", "Lamp"))).Changed);
        Assert.Equal((created.ProductId, 2), ((await Commit(TestCommands.Import("LAMP", "Better lamp"))) is var better ? (better.ProductId, better.Version) : default));
        Assert.Equal((created.ProductId, 3), ((await Commit(TestCommands.Import("LAMP-2", "Better lamp", created.ProductId))) is var moved ? (moved.ProductId, moved.Version) : default));
        AssertRefused(StatusCode.AlreadyExists, "SKU_TAKEN", await Run(TestCommands.Import("LAMP-2", "Thief", "another")));
    }

    [Fact]
    public async Task The_log_holds_every_event_in_commit_order_without_holes_for_its_readers()
    {
        var writing = Task.WhenAll(Enumerable.Range(0, 8).Select(w => Task.Run(async () =>
        {
            await Commit(TestCommands.Create($"p{w}"));
            for (var i = 0; i < 25; i++) await Commit(TestCommands.Adjust($"p{w}", 1));
        })));
        var seen = new List<ProductEvent>();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        for (var position = 0L; seen.Count < 8 * 26;)
        {
            await _database.Log.WaitAsync(position, deadline.Token);
            var events = await _database.Log.ReadAsync(position, 7, deadline.Token);
            seen.AddRange(events.Select(Parse));
            if (events.Count > 0) position = events[^1].Position;
        }
        await writing;

        Assert.Equal(await EventsAsync(), seen);
        Assert.Equal(seen.OrderBy(e => e.Position).Select(e => e.Position).Distinct(), seen.Select(e => e.Position));
        Assert.All(seen.GroupBy(e => e.Name), product => Assert.Equal(Enumerable.Range(1, 26).Select(v => (long)v), product.Select(e => e.Version)));
    }

    [Fact]
    public async Task A_log_that_was_trimmed_empty_goes_on_with_new_positions()
    {
        await Commit(TestCommands.Create("lamp"));
        var before = await _database.Log.GetBoundsAsync(default);
        await _database.TrimAsync(before.Head);
        await _database.ReopenAsync();
        Assert.Equal((before.LogId, before.Head, before.Head), (await _database.Log.GetBoundsAsync(default)) is var b ? (b.LogId, b.Trimmed, b.Head) : default);

        var waiting = _database.Log.WaitAsync(before.Head, default);
        Assert.False(waiting.IsCompleted);
        await Commit(TestCommands.Activate("lamp"));
        await waiting.WaitAsync(TimeSpan.FromSeconds(10));

        var happened = Assert.Single(await _database.Log.ReadAsync(before.Head, 10, default));
        Assert.True(happened.Position > before.Head);
        Assert.Equal(2, Parse(happened).Version);
    }

    [Fact]
    public async Task The_log_is_never_trimmed_beyond_what_its_readers_have_passed()
    {
        for (var i = 0; i < 5; i++) await Commit(TestCommands.Create($"p{i}"));
        var events = await _database.Log.ReadAsync(0, 10, default);
        await _database.TrimAsync(events[1].Position);

        Assert.Equal(events.Skip(2).Select(e => e.Position), (await _database.Log.ReadAsync(0, 10, default)).Select(e => e.Position));
        Assert.Equal(events[1].Position, (await _database.Log.GetBoundsAsync(default)).Trimmed);
    }

    [Fact]
    public async Task The_products_are_read_page_by_page_in_an_order_that_never_changes()
    {
        for (var i = 0; i < 10; i++) await Commit(TestCommands.Create($"p{i}"));
        await Commit(TestCommands.Delete("p3"));
        var first = await _database.States.ReadAsync(0, 4, default);
        await Commit(TestCommands.Retitle("p0", "Moved?"));
        var second = await _database.States.ReadAsync(first[^1].Key, 4, default);
        var third = await _database.States.ReadAsync(second[^1].Key, 4, default);

        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"products/p{i}"), first.Concat(second).Concat(third).Select(p => p.Product().Name));
        Assert.Equal(Product.Types.State.Deleted, first[3].Product().State);
        Assert.Empty(await _database.States.ReadAsync(third[^1].Key, 4, default));
    }

    private Task<CommandOutcome> Run(ProductCommand command) => _database.Store.ExecuteAsync(command);

    private async Task<CommandOutcome.Committed> Commit(ProductCommand command) => Assert.IsType<CommandOutcome.Committed>(await Run(command));

    private async Task<List<Product>> StatesAsync() => (await _database.States.ReadAsync(0, 1000, default)).Select(p => p.Product()).ToList();

    private async Task<List<ProductEvent>> EventsAsync() => (await _database.Log.ReadAsync(0, 1000, default)).Select(Parse).ToList();

    private static ProductEvent Parse(LoggedEvent logged)
    {
        var happened = ProductEvent.Parser.ParseFrom(logged.Body.Span);
        happened.Position = logged.Position;
        return happened;
    }

    private static void AssertRefused(StatusCode code, string reason, CommandOutcome outcome)
    {
        var error = Assert.IsType<CommandOutcome.Refused>(outcome).Error;
        Assert.Equal(code, (StatusCode)error.Code);
        Assert.Contains(error.Details, d => d.TryUnpack<Google.Rpc.ErrorInfo>(out var info) && info.Reason == reason && info.Domain == "catalog.cqrsgrpc.dev");
    }
}
