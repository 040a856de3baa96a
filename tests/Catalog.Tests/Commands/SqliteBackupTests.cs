using Catalog.Commands;
using Catalog.Commands.Relaying;
using Catalog.Sqlite;
using Catalog.V1;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace Catalog.Tests.Commands;

public sealed class SqliteBackupTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private string Live => _folder.File("catalog.db");

    private string Copy => _folder.File("copy.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_backup_is_the_database_as_it_was_at_one_instant_while_it_is_written()
    {
        using var database = Open();
        await CommitAsync(database, TestCommands.Create("lamp", stock: 1_000_000));
        using var over = new CancellationTokenSource();
        var load = Task.Run(async () =>
        {
            for (var i = 0; !over.IsCancellationRequested; i++)
            {
                await CommitAsync(database, TestCommands.Adjust("lamp", -1));
                await CommitAsync(database, TestCommands.Create($"p{i}"));
            }
        });
        int saved;
        do
        {
            File.Delete(Copy);
            saved = await SqliteBackup.SaveAsync(Live, Copy);
        }
        while (saved < 20);
        await over.CancelAsync();
        await load;

        using var copy = new SqliteConnection($"Data Source={Copy};Pooling=False");
        // Each product, each event and each of lamp's versions stands for one commit before the instant, and none after it.
        Assert.Equal(saved, copy.ExecuteScalar<int>("SELECT count(*) FROM products"));
        var events = copy.ExecuteScalar<long>("SELECT count(*) FROM events");
        var version = copy.ExecuteScalar<long>("SELECT version FROM products WHERE id = 'lamp'");
        Assert.Equal(events, saved - 1 + version);
        Assert.InRange(version - saved, 0, 1);
        Assert.Equal([Live, Copy], Directory.GetFiles(_folder.Path).Where(f => !f.EndsWith("-wal", StringComparison.Ordinal) && !f.EndsWith("-shm", StringComparison.Ordinal)).Order());
    }

    [Fact]
    public async Task A_restore_takes_the_place_of_everything_at_once_while_the_database_serves()
    {
        using var database = Open();
        await CommitAsync(database, TestCommands.Create("kept"));
        await SqliteBackup.SaveAsync(Live, Copy);
        for (var i = 0; i < 20; i++) await CommitAsync(database, TestCommands.Retitle("kept", $"Lost {i}"));
        var lost = await CommitAsync(database, TestCommands.Create("lost", requestId: "lost"));
        var head = (await database.Log.GetBoundsAsync(default)).Head;

        Assert.Equal(1, await SqliteBackup.PrepareAsync(Copy, Live));
        await database.ReplaceAsync();

        var bounds = await database.Log.GetBoundsAsync(default);
        Assert.Equal(1, bounds.Head);
        Assert.NotEqual(lost.LogId, bounds.LogId);
        // A reader who comes to the new end of the log waits there, rather than for the end of the lost future, and wakes with the next event.
        var waiting = database.Log.WaitAsync(1, default);
        Assert.False(waiting.IsCompleted);
        var next = await CommitAsync(database, TestCommands.Retitle("kept", "New"));
        await waiting.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal((2, bounds.LogId), (next.Version, next.LogId));
        Assert.Equal(2, Assert.Single(await database.Log.ReadAsync(1, 10, default)).Position);
        // The receipt went with the product: the same request makes it anew.
        Assert.True((await CommitAsync(database, TestCommands.Create("lost", requestId: "lost"))).Changed);
        Assert.True(head > (await database.Log.GetBoundsAsync(default)).Head);
    }

    [Fact]
    public async Task After_a_restore_no_relay_goes_on_from_where_it_was_and_the_next_one_begins_where_the_backup_was()
    {
        using var database = Open(shared: true);
        // As another process has the file.
        using var other = Open(shared: true);
        var outbox = new SqliteOutbox(other);
        for (var i = 0; i < 3; i++) await CommitAsync(database, TestCommands.Create($"p{i}"));
        var old = (await outbox.TryAcquireAsync("one", TimeSpan.FromMinutes(5), default))!;
        Assert.True(await outbox.SavePublishedAsync(old.Epoch, 2, default));
        await SqliteBackup.SaveAsync(Live, Copy);
        Assert.True(await outbox.SavePublishedAsync(old.Epoch, 3, default));

        await SqliteBackup.PrepareAsync(Copy, Live);
        await database.ReplaceAsync();

        Assert.False(await outbox.RenewAsync(old.Epoch, TimeSpan.FromMinutes(5), default));
        Assert.False(await outbox.SavePublishedAsync(old.Epoch, 3, default));
        Assert.False(await outbox.SaveIndexedAsync(old.Epoch, 3, null, null, default));
        var next = (await outbox.TryAcquireAsync("two", TimeSpan.FromMinutes(5), default))!;
        Assert.True(next.Epoch > old.Epoch);
        Assert.Equal((2, 3), (next.State.Published, next.State.Head));
        Assert.Equal((await database.Log.GetBoundsAsync(default)).LogId, next.State.LogId);
    }

    [Fact]
    public async Task A_process_that_did_not_restore_itself_waits_at_the_new_end_of_the_log_too()
    {
        using var database = Open(shared: true);
        using var other = Open(shared: true);
        await CommitAsync(database, TestCommands.Create("kept"));
        await SqliteBackup.SaveAsync(Live, Copy);
        for (var i = 0; i < 20; i++) await CommitAsync(other, TestCommands.Retitle("kept", $"Lost {i}"));
        await SqliteBackup.PrepareAsync(Copy, Live);
        await database.ReplaceAsync();

        // It may look once more, as it does not know yet; but it does not go round and round.
        Assert.Empty(await other.Log.ReadAsync(1, 10, default));
        await other.Log.WaitAsync(1, default);
        Assert.False(other.Log.WaitAsync(1, default).IsCompleted);
        await CommitAsync(other, TestCommands.Retitle("kept", "New"));
        Assert.Equal(2, Assert.Single(await other.Log.ReadAsync(1, 10, default)).Position);
    }

    [Fact]
    public async Task A_lease_that_was_taken_while_the_clock_was_wrong_keeps_nobody_away()
    {
        using var database = Open();
        var outbox = new SqliteOutbox(database);
        var taken = (await outbox.TryAcquireAsync("one", TimeSpan.FromMinutes(5), default))!;
        Assert.Null(await outbox.TryAcquireAsync("two", TimeSpan.FromMinutes(5), default));
        Change(Live, "UPDATE relay SET expires = expires + 86400000");
        Assert.True((await outbox.TryAcquireAsync("two", TimeSpan.FromMinutes(5), default))!.Epoch > taken.Epoch);
    }

    [Fact]
    public async Task An_event_that_was_stamped_while_the_clock_was_wrong_keeps_no_other_one_in_the_log()
    {
        using var database = Open();
        foreach (var id in (string[])["a", "b", "c"]) await CommitAsync(database, TestCommands.Create(id));
        var now = DateTimeOffset.UtcNow;
        Change(Live, $"UPDATE events SET occurred = {now.AddYears(1).UtcTicks} WHERE position = 1; UPDATE events SET occurred = {now.AddYears(-1).UtcTicks} WHERE position = 2; UPDATE events SET occurred = {now.UtcTicks} WHERE position = 3");
        Assert.Equal(2, (await new Retention(database, TimeProvider.System).RunAsync(3, default)).Events);
        Assert.Equal(2, (await database.Log.GetBoundsAsync(default)).Trimmed);
    }

    [Fact]
    public async Task A_backup_of_an_older_schema_is_brought_to_this_one()
    {
        using var database = Open();
        await CommitAsync(database, TestCommands.Create("lamp"));
        await SqliteBackup.SaveAsync(Live, Copy);
        Change(Copy, "DROP TABLE relay; DROP TABLE dead_events; PRAGMA user_version = 1");
        await SqliteBackup.PrepareAsync(Copy, Live);
        await database.ReplaceAsync();
        Assert.Equal(2, (await CommitAsync(database, TestCommands.Adjust("lamp", 1))).Version);
        Assert.NotNull(await new SqliteOutbox(database).TryAcquireAsync("one", TimeSpan.FromSeconds(1), default));
    }

    [Fact]
    public async Task What_cannot_be_backed_up_is_refused_and_leaves_no_file()
    {
        Assert.Contains("no catalog at", (await Refused(() => SqliteBackup.SaveAsync(Live, Copy))).Message);
        using var database = Open();
        await CommitAsync(database, TestCommands.Create("lamp"));
        Change(Live, "UPDATE products SET body = x'ffffffff'");
        Assert.Contains($"{Live} cannot be used", (await Refused(() => SqliteBackup.SaveAsync(Live, Copy))).Message);
        Assert.False(File.Exists(Copy));
        File.WriteAllText(Copy, "somebody's");
        Assert.Contains("is there already", (await Refused(() => SqliteBackup.SaveAsync(Live, Copy))).Message);
        Assert.Equal("somebody's", File.ReadAllText(Copy));
    }

    [Theory]
    [InlineData("CREATE TABLE log (id)", "is no backup of a catalog")]
    [InlineData("PRAGMA user_version = 99", "newer build")]
    [InlineData("UPDATE products SET body = x'ffffffff'", "cannot be used")]
    [InlineData(null, "cannot be used")]
    public async Task What_is_no_sound_backup_is_refused_and_the_catalog_stays_as_it_is(string? change, string said)
    {
        using var database = Open();
        await CommitAsync(database, TestCommands.Create("lamp"));
        if (change is null) File.WriteAllText(Copy, string.Concat(Enumerable.Repeat("This is no database. ", 500)));
        else
        {
            if (!change.StartsWith("CREATE", StringComparison.Ordinal)) await SqliteBackup.SaveAsync(Live, Copy);
            Change(Copy, change);
        }
        Assert.Contains(said, (await Refused(() => SqliteBackup.PrepareAsync(Copy, Live))).Message);
        Assert.Equal(2, (await CommitAsync(database, TestCommands.Adjust("lamp", 1))).Version);
    }

    [Fact]
    public async Task A_file_as_it_stands_beside_a_running_catalog_is_refused_for_what_it_lacks()
    {
        using var database = Open();
        await CommitAsync(database, TestCommands.Create("lamp"));
        File.Copy(Live, Copy);
        foreach (var file in new[] { Copy, Live })
            Assert.Contains("what its log holds would be missing", (await Refused(() => SqliteBackup.PrepareAsync(file, Live))).Message);
        Assert.Equal(2, (await CommitAsync(database, TestCommands.Adjust("lamp", 1))).Version);
    }

    [Fact]
    public async Task A_backup_with_pages_that_are_broken_is_refused()
    {
        using var database = Open();
        for (var i = 0; i < 200; i++) await CommitAsync(database, TestCommands.Create($"p{i}"));
        await SqliteBackup.SaveAsync(Live, Copy);
        using (var file = new FileStream(Copy, FileMode.Open))
        {
            file.Position = file.Length / 2;
            file.Write(new byte[8192]);
        }
        Assert.Contains($"{Copy} cannot be used", (await Refused(() => SqliteBackup.PrepareAsync(Copy, Live))).Message);
    }

    private static Task<CommandStoreException> Refused(Func<Task> run) => Assert.ThrowsAsync<CommandStoreException>(run);

    private static void Change(string file, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        connection.Open();
        connection.Execute(sql);
    }

    private static async Task<CommandOutcome.Committed> CommitAsync(SqliteCommandDatabase database, ProductCommand command) =>
        Assert.IsType<CommandOutcome.Committed>(await database.ExecuteAsync(command));

    private SqliteCommandDatabase Open(bool shared = false)
    {
        var options = new CommandDatabaseOptions { Path = Live };
        if (shared) options.Share();
        return SqliteCommandDatabase.Open(options, TimeProvider.System, new CommandMetrics(), NullLogger<SqliteCommandDatabase>.Instance);
    }
}
