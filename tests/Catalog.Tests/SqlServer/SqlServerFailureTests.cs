using System.Data;
using Catalog.Commands;
using Catalog.Projections;
using Catalog.SqlServer;
using Catalog.SqlServer.Commands;
using Catalog.Tests.Commands;
using Catalog.V1;
using Microsoft.Data.SqlClient;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Catalog.Tests.SqlServer;

/// <summary>What happens to commands where connections break and other replicas write.</summary>
[Collection(TestSchema.Server)]
public sealed class SqlServerFailureTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_command_whose_answer_is_lost_is_neither_lost_nor_run_twice()
    {
        await using var schema = await TestSchema.MigrateAsync();
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var direct = new SqlConnectionStringBuilder(schema.Options.ConnectionString);
        var server = direct.DataSource.Replace("tcp:", "", StringComparison.Ordinal).Split(',');
        await using var proxy = new CuttingProxy(server[0], server.Length > 1 ? int.Parse(server[1], null) : 1433, seed);
        var options = new SqlServerOptions
        {
            ConnectionString = new SqlConnectionStringBuilder(direct.ToString()) { DataSource = $"127.0.0.1,{proxy.Port}", ConnectTimeout = 5 }.ToString(),
            Schema = schema.Options.Schema, MaxAttempts = 20, MaxConcurrency = 4,
        };
        await using var services = SqlServerCommandStoreTests.Services(options);
        var store = services.GetRequiredService<ICommandStore>();
        for (var i = 0; i < 8; i++) Assert.IsType<CommandOutcome.Committed>(await store.ExecuteAsync(TestCommands.Create($"p{i}", stock: 1000)));

        proxy.Share = 0.08;
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 80).Select(i => Task.Run(() => store.ExecuteAsync(TestCommands.Adjust($"p{i % 8}", -1)))));
        proxy.Share = 0;
        output.WriteLine($"{proxy.Cut} connections cut");

        Assert.True(proxy.Cut > 0);
        Assert.All(outcomes, o => Assert.IsType<CommandOutcome.Committed>(o));
        var states = await services.GetRequiredService<IProductStates>().ReadAsync(0, 100, default);
        Assert.All(states, s => Assert.Equal((990, 11), (s.Product().StockQuantity, s.Product().Version)));
        Assert.Equal(88, (await services.GetRequiredService<IEventLog>().ReadAsync(0, 1000, default)).Count);
    }

    [Fact]
    public async Task A_step_that_the_driver_does_not_end_is_left_alone()
    {
        await using var schema = await TestSchema.MigrateAsync();
        var time = new FakeTimeProvider();
        var database = new SqlServerDatabase(schema.Options, NullLogger<SqlServerDatabase>.Instance);
        var stuck = new TaskCompletionSource<int>();
        SqlConnection? used = null;
        var running = new Retries(database, time, NullLogger.Instance).RunAsync(
            connection =>
            {
                used = connection;
                return stuck.Task;
            }, CancellationToken.None);
        for (; !running.IsCompleted; await Task.Delay(1)) time.Advance(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<TimeoutException>(() => running);
        // It may be in use still.
        Assert.Equal(ConnectionState.Open, used!.State);
        stuck.SetResult(0);
        while (used.State == ConnectionState.Open) await Task.Delay(1);
    }

    [Fact]
    public async Task Replicas_that_write_one_product_at_once_lose_no_update()
    {
        await using var schema = await TestSchema.MigrateAsync();
        await using var one = SqlServerCommandStoreTests.Services(schema.Options);
        await using var other = SqlServerCommandStoreTests.Services(schema.Options);
        ICommandStore[] stores = [one.GetRequiredService<ICommandStore>(), other.GetRequiredService<ICommandStore>()];
        Assert.IsType<CommandOutcome.Committed>(await stores[0].ExecuteAsync(TestCommands.Create("lamp", stock: 80)));

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => Task.Run(() => stores[i % 2].ExecuteAsync(TestCommands.Adjust("lamp", -1)))));

        Assert.Equal(80, outcomes.OfType<CommandOutcome.Committed>().Select(c => c.Version).Distinct().Count());
        Assert.Equal(20, outcomes.OfType<CommandOutcome.Refused>().Count());
        Assert.Equal(0, Assert.Single(await one.GetRequiredService<IProductStates>().ReadAsync(0, 10, default)).Product().StockQuantity);
    }

    [Fact]
    public async Task Of_an_import_only_the_rows_that_are_wrong_are_refused_and_the_order_is_kept()
    {
        await using var schema = await TestSchema.MigrateAsync();
        await using var services = SqlServerCommandStoreTests.Services(schema.Options);
        var store = services.GetRequiredService<ICommandStore>();
        await store.ExecuteAsync(TestCommands.Create("owner", sku: "TAKEN"));
        // Every tenth row wants a SKU that is taken, and every SKU comes twice, the second time with another title.
        var rows = Enumerable.Range(0, 200).Select(i => i % 10 == 9 ? TestCommands.Import("TAKEN", "Thief", $"thief-{i}") : TestCommands.Import($"S{i % 100}", $"Title {i}")).ToList();

        // Handed over as an import does it, the second part before the first is done.
        var parts = await Task.WhenAll(store.ExecuteAllAsync(rows[..150]), store.ExecuteAllAsync(rows[150..]));

        var outcomes = parts.SelectMany(p => p).ToList();
        for (var i = 0; i < rows.Count; i++)
        {
            if (i % 10 == 9) Assert.IsType<CommandOutcome.Refused>(outcomes[i]);
            else Assert.Equal(i < 100 ? 1 : 2, Assert.IsType<CommandOutcome.Committed>(outcomes[i]).Version);
        }
        var states = await services.GetRequiredService<IProductStates>().ReadAsync(0, 1000, default);
        Assert.All(states.Where(s => s.Product().Sku != "TAKEN"), s => Assert.Equal($"Title {int.Parse(s.Product().Sku[1..], null) + 100}", s.Product().Title));
    }

    [Fact]
    public async Task A_command_that_cannot_be_decided_is_not_tried_again()
    {
        await using var schema = await TestSchema.MigrateAsync();
        await using var services = SqlServerCommandStoreTests.Services(schema.Options);
        var tried = 0;
        var broken = new ProductCommand
        {
            ProductId = "broken", Request = null,
            Decide = (_, _) =>
            {
                tried++;
                throw new InvalidOperationException("a defect");
            },
        };

        var failed = Assert.IsType<CommandOutcome.Failed>(await services.GetRequiredService<ICommandStore>().ExecuteAsync(broken));

        Assert.Equal(1, tried);
        Assert.Contains("the service's log says how", failed.Error.Message, StringComparison.Ordinal);
    }
}
