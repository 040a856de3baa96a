using System.Net;
using System.Net.Sockets;
using Catalog.Commands;
using Catalog.SqlServer;
using Catalog.SqlServer.Commands;
using Catalog.Tests.Commands;
using Catalog.V1;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Catalog.Tests.SqlServer;

/// <summary>What the adapter does while there is no server, or one that does not answer.</summary>
public sealed class UnreachableServerTests
{
    [Fact]
    public async Task A_command_without_a_server_fails_after_a_few_attempts_and_says_which_server()
    {
        var port = FreePort();
        await using var services = Services(port, o => o.MaxAttempts = 3);

        var failed = Assert.IsType<CommandOutcome.Failed>(await services.GetRequiredService<ICommandStore>().ExecuteAsync(TestCommands.Create("lamp")));

        Assert.Equal(ErrorReason.StoreUnavailable, failed.Error.Reason);
        Assert.Contains($"shop at 127.0.0.1,{port}", failed.Error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", failed.Error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_batch_without_a_server_fails_as_a_whole()
    {
        await using var services = Services(FreePort(), o => o.MaxAttempts = 2);
        var outcomes = await services.GetRequiredService<ICommandStore>().ExecuteAllAsync([TestCommands.Create("a"), TestCommands.Create("b"), TestCommands.Import("C", "C")]);
        Assert.Equal(3, outcomes.Count);
        Assert.All(outcomes, o => Assert.Equal(ErrorReason.StoreUnavailable, Assert.IsType<CommandOutcome.Failed>(o).Error.Reason));
    }

    [Fact]
    public async Task A_command_without_a_server_is_answered_before_those_who_wait_for_it_give_up()
    {
        var time = new FakeTimeProvider();
        await using var services = Services(FreePort(), o => o.MaxAttempts = 100, time: time);
        var failing = services.GetRequiredService<ICommandStore>().ExecuteAsync(TestCommands.Create("lamp"));
        for (; !failing.IsCompleted; await Task.Delay(1)) time.Advance(TimeSpan.FromMilliseconds(10));
        Assert.IsType<CommandOutcome.Failed>(await failing);
    }

    [Fact]
    public async Task A_server_that_hangs_in_the_handshake_keeps_nobody_for_ever()
    {
        using var mute = new TcpListener(IPAddress.Loopback, 0);
        mute.Start();
        var greeted = 0;
        var open = new List<TcpClient>();
        var serving = Task.Run(async () =>
        {
            while (true)
            {
                var client = await mute.AcceptTcpClientAsync();
                open.Add(client);
                // It answers the first packet, with "TLS, please", and says no more.
                Assert.NotEqual(0, await client.GetStream().ReadAsync(new byte[4096]));
                await client.GetStream().WriteAsync(new byte[] { 4, 1, 0, 26, 0, 0, 1, 0, 0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 255, 16, 0, 0, 0, 0, 0, 1 });
                Interlocked.Increment(ref greeted);
            }
        });
        await using var services = Services(((IPEndPoint)mute.LocalEndpoint).Port, o =>
        {
            o.ConnectionString += ";Connect Timeout=1";
            o.MaxAttempts = 1;
        });
        var store = services.GetRequiredService<ICommandStore>();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 5).Select(i => store.ExecuteAsync(TestCommands.Create($"p{i}")))).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.All(outcomes, o => Assert.Equal(ErrorReason.StoreUnavailable, Assert.IsType<CommandOutcome.Failed>(o).Error.Reason));
        Assert.NotEqual(0, greeted);
        // Those who come later get a connection of their own, and do not wait behind the first.
        var before = Volatile.Read(ref greeted);
        Assert.False(await services.GetRequiredService<SqlServerDatabase>().IsReachedAsync(default).AsTask().WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.NotEqual(before, Volatile.Read(ref greeted));
        mute.Stop();
        open.ForEach(c => c.Dispose());
        await Assert.ThrowsAnyAsync<Exception>(() => serving);
    }

    [Fact]
    public async Task A_batch_does_not_ask_a_server_that_is_away_again_for_each_of_its_parts()
    {
        using var rude = new TcpListener(IPAddress.Loopback, 0);
        rude.Start();
        var asked = 0;
        var serving = Task.Run(async () =>
        {
            for (; ; asked++) (await rude.AcceptTcpClientAsync()).Dispose();
        });
        await using var services = Services(((IPEndPoint)rude.LocalEndpoint).Port, o => o.MaxAttempts = 1);
        var store = services.GetRequiredService<ICommandStore>();
        await store.ExecuteAllAsync([.. Enumerable.Range(0, 50).Select(i => TestCommands.Create($"p{i}"))]);
        var once = asked;
        var outcomes = await store.ExecuteAllAsync([.. Enumerable.Range(0, 1000).Select(i => TestCommands.Create($"p{i}"))]);
        Assert.Equal(1000, outcomes.OfType<CommandOutcome.Failed>().Count());
        // The driver itself asks up to four times; there are ten parts.
        Assert.InRange(asked - once, 1, 8);
        rude.Stop();
        await Assert.ThrowsAnyAsync<Exception>(() => serving);
    }

    [Fact]
    public void Large_commands_fill_the_queue_before_it_holds_too_many()
    {
        var admission = new Admission(1000);
        ProductCommand[] large = [Sized(ICommandStore.MaxWaitingBytes / 2)], rest = [Sized(ICommandStore.MaxWaitingBytes / 2)], small = [Sized(1)];
        Assert.True(admission.TryEnter(large));
        Assert.True(admission.TryEnter(rest));
        Assert.False(admission.TryEnter(small));
        admission.Leave(rest);
        Assert.True(admission.TryEnter(small));

        static ProductCommand Sized(long bytes) => new() { ProductId = "lamp", Request = null, Decide = (_, _) => null!, Size = (int)bytes };
    }

    [Fact]
    public async Task The_database_is_not_reached_while_there_is_no_server()
    {
        await using var services = Services(FreePort(), _ => { });
        Assert.False(await services.GetRequiredService<SqlServerDatabase>().IsReachedAsync(default));
    }

    [Fact]
    public async Task More_commands_than_may_wait_are_refused_at_once_and_a_caller_that_gives_up_leaves_nothing()
    {
        // It accepts connections and never says a word.
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        await using var services = Services(((IPEndPoint)silent.LocalEndpoint).Port, o => o.MaxWaiting = 10, connectTimeout: 60);
        var store = services.GetRequiredService<ICommandStore>();
        using var patience = new CancellationTokenSource();

        var waiting = Enumerable.Range(0, 10).Select(i => store.ExecuteAsync(Create($"p{i}", patience.Token))).ToList();
        var refused = store.ExecuteAllAsync([Create("q", patience.Token), Create("r", patience.Token)]);

        Assert.True(refused.IsCompletedSuccessfully);
        Assert.All(await refused, o => Assert.Equal(ErrorReason.Overloaded, Assert.IsType<CommandOutcome.Failed>(o).Error.Reason));
        Assert.All(waiting, w => Assert.False(w.IsCompleted));
        await patience.CancelAsync();
        Assert.All(await Task.WhenAll(waiting).WaitAsync(TimeSpan.FromSeconds(10)), o => Assert.IsType<CommandOutcome.Cancelled>(o));
    }

    private static ProductCommand Create(string id, CancellationToken cancellation) =>
        TestCommands.Of(id, new CreateProductRequest { Product = new Product { Sku = id, Title = id } }, cancellation: cancellation);

    private static ServiceProvider Services(int port, Action<SqlServerOptions> configure, int connectTimeout = 1, TimeProvider? time = null)
    {
        var options = new SqlServerOptions { ConnectionString = $"Server=127.0.0.1,{port};Database=shop;User ID=app;Password=s3cret;Connect Timeout={connectTimeout};Connect Retry Count=0" };
        configure(options);
        Assert.Empty(options.Problems());
        return new ServiceCollection().AddLogging().AddSingleton(time ?? TimeProvider.System).AddSqlServer(options).BuildServiceProvider();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
