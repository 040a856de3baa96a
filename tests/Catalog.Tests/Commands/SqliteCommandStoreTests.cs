using Catalog.Commands;
using Catalog.Commands.Relaying;
using Catalog.Projections;
using Catalog.Queries;
using Catalog.Sqlite;
using Catalog.V1;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Catalog.Tests.Commands;

public sealed class SqliteCommandStoreTests : CommandStoreContract
{
    protected override Task<ICommandStoreUnderTest> OpenAsync() => Task.FromResult<ICommandStoreUnderTest>(new SqliteUnderTest(o => o.MaxGroup = 16));

    [Fact]
    public async Task The_writer_syncs_the_disk_at_every_commit()
    {
        using var folder = new TempFolder();
        using var database = Open(folder, _ => { });
        await database.RunAsync(connection => Assert.Equal((2L, "wal", 1L), (connection.ExecuteScalar<long>("PRAGMA synchronous"),
            connection.ExecuteScalar<string>("PRAGMA journal_mode")!, connection.ExecuteScalar<long>("PRAGMA foreign_keys"))));
    }

    [Fact]
    public async Task More_commands_than_may_wait_are_refused_at_once_and_not_begun()
    {
        using var folder = new TempFolder();
        using var database = Open(folder, o => o.MaxWaiting = 10);
        using var release = new ManualResetEventSlim();
        var busy = database.RunAsync(_ => release.Wait());
        var waiting = new List<Task<CommandOutcome>>();
        // The writer may not have taken the chore yet; then it counts as one that waits.
        for (var i = 0; i < 30; i++) waiting.Add(database.ExecuteAsync(TestCommands.Create($"p{i}")));
        var refused = waiting.Count(w => w.IsCompleted && w.Result is CommandOutcome.Failed { Error.Reason: ErrorReason.Overloaded });
        Assert.InRange(refused, 20, 21);
        release.Set();
        await busy;

        Assert.Equal(30 - refused, (await Task.WhenAll(waiting)).OfType<CommandOutcome.Committed>().Count());
        var states = new SqliteProductStates(database);
        Assert.Equal(30 - refused, (await states.ReadAsync(0, 100, default)).Count);
    }

    [Fact]
    public async Task Large_commands_fill_the_queue_before_it_holds_too_many()
    {
        using var folder = new TempFolder();
        using var database = Open(folder, _ => { });
        using var release = new ManualResetEventSlim();
        var busy = database.RunAsync(_ => release.Wait());
        var large = (int)(ICommandStore.MaxWaitingBytes / 8);
        var waiting = Enumerable.Range(0, 20).Select(i => database.ExecuteAsync(new() { ProductId = $"p{i}", Request = null, Decide = TestCommands.Create($"p{i}").Decide, Size = large })).ToList();
        Assert.Equal(12, waiting.Count(w => w.IsCompleted && w.Result is CommandOutcome.Failed { Error.Reason: ErrorReason.Overloaded }));
        release.Set();
        await busy;
        Assert.Equal(8, (await Task.WhenAll(waiting)).OfType<CommandOutcome.Committed>().Count());
        // There is room again.
        Assert.IsType<CommandOutcome.Committed>(await database.ExecuteAsync(TestCommands.Create("more")));
    }

    [Fact]
    public async Task Young_events_and_receipts_stay()
    {
        using var folder = new TempFolder();
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
        using var database = Open(folder, _ => { }, time);
        for (var i = 0; i < 3; i++) Assert.IsType<CommandOutcome.Committed>(await database.ExecuteAsync(TestCommands.Create($"p{i}", requestId: $"r{i}")));
        var retention = new Retention(database, time);

        Assert.Equal((0, 0), await retention.RunAsync(long.MaxValue, default));
        time.Advance(TimeSpan.FromHours(49));
        Assert.Equal((0, 3), await retention.RunAsync(long.MaxValue, default));
        time.Advance(TimeSpan.FromDays(7));
        Assert.Equal((3, 0), await retention.RunAsync(long.MaxValue, default));
    }

    [Fact]
    public async Task The_write_ahead_log_stays_short_with_a_reader_at_every_commit()
    {
        const int Large = 60_000, Groups = 75, Size = 16;
        using var folder = new TempFolder();
        using var database = Open(folder, o => o.MaxGroup = Size);
        await database.ExecuteAllAsync([.. Enumerable.Range(0, Size).Select(i => TestCommands.Create($"p{i}"))]);
        using var reader = new SqliteConnection($"Data Source={folder.File("catalog.db")};Pooling=False");
        reader.Open();
        var longest = 0L;
        for (var group = 0; group < Groups; group++)
        {
            using (var view = reader.BeginTransaction(deferred: true))
            {
                // What it sees is older than the commit, so that the log cannot be written back whole.
                reader.ExecuteScalar<long>("SELECT max(position) FROM events", transaction: view);
                var title = new string((char)('!' + group), Large);
                Assert.All(await database.ExecuteAllAsync([.. Enumerable.Range(0, Size).Select(i => TestCommands.Retitle($"p{i}", title))]),
                    outcome => Assert.IsType<CommandOutcome.Committed>(outcome));
            }
            await database.RunAsync(_ => { });
            longest = Math.Max(longest, new FileInfo(folder.File("catalog.db-wal")).Length);
        }
        // Each command writes its product and its event.
        Assert.True(2L * Large * Size * Groups > 120 << 20);
        Assert.InRange(longest, 50 << 20, 70 << 20);
    }

    [Fact]
    public void A_file_that_another_process_has_locked_is_opened_all_the_same()
    {
        using var folder = new TempFolder();
        using (Open(folder, _ => { })) { }
        using var other = new SqliteConnection($"Data Source={folder.File("catalog.db")};Pooling=False");
        other.Open();
        other.Execute("BEGIN IMMEDIATE");
        using (Open(folder, _ => { })) { }
    }

    [Fact]
    public void A_file_of_a_newer_build_is_refused()
    {
        using var folder = new TempFolder();
        using (Open(folder, _ => { })) { }
        using (var connection = new SqliteConnection($"Data Source={folder.File("catalog.db")};Pooling=False"))
            connection.Execute("PRAGMA user_version = 99");
        Assert.Contains("newer build", Assert.Throws<CommandStoreException>(() => Open(folder, _ => { })).Message);
    }

    [Fact]
    public void A_file_that_is_no_database_is_refused_with_what_to_do()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder.File("catalog.db"), string.Concat(Enumerable.Repeat("This is no database. ", 500)));
        Assert.Contains("Restore a backup", Assert.Throws<CommandStoreException>(() => Open(folder, _ => { })).Message);
    }

    [Fact]
    public async Task A_log_that_is_damaged_is_told_with_what_to_do_at_the_start_and_to_who_watches()
    {
        using var folder = new TempFolder();
        long page, size;
        using (var database = Open(folder, _ => { }))
        {
            await database.ExecuteAsync(TestCommands.Create("lamp"));
            using (var connection = new SqliteConnection($"Data Source={folder.File("catalog.db")};Pooling=False"))
                (page, size) = (connection.ExecuteScalar<long>("SELECT rootpage FROM sqlite_schema WHERE name = 'events'"), connection.ExecuteScalar<long>("PRAGMA page_size"));
            await database.RunAsync(connection => connection.Execute("ALTER TABLE events RENAME TO gone"));
            var feed = new SqliteChangeFeed(database.Log, new Kafka.MemoryIndexSet());
            Assert.Equal(ErrorReason.IndexUnavailable, (await Assert.ThrowsAsync<IndexUnavailableException>(async () => await feed.GetIndexedAsync(default))).Reason);
            await database.RunAsync(connection => connection.Execute("ALTER TABLE gone RENAME TO events"));
        }
        using (var file = new FileStream(folder.File("catalog.db"), FileMode.Open, FileAccess.Write))
        {
            file.Position = (page - 1) * size;
            file.Write(Enumerable.Repeat((byte)0xFF, (int)size).ToArray());
        }
        Assert.Contains("is damaged. Restore a backup", Assert.Throws<CommandStoreException>(() => Open(folder, _ => { })).Message);
    }

    private static SqliteCommandDatabase Open(TempFolder folder, Action<CommandDatabaseOptions> configure, TimeProvider? time = null)
    {
        var options = new CommandDatabaseOptions { Path = folder.File("catalog.db") };
        configure(options);
        return SqliteCommandDatabase.Open(options, time ?? TimeProvider.System, new CommandMetrics(), NullLogger<SqliteCommandDatabase>.Instance);
    }

    private sealed class SqliteUnderTest : ICommandStoreUnderTest
    {
        private readonly TempFolder _folder = new();
        private readonly Action<CommandDatabaseOptions> _configure;
        private SqliteCommandDatabase _database;

        public SqliteUnderTest(Action<CommandDatabaseOptions> configure)
        {
            _configure = configure;
            _database = Open(_folder, configure);
        }

        public ICommandStore Store => _database;

        public IEventLog Log => _database.Log;

        public IProductStates States => new SqliteProductStates(_database);

        public IOutbox Outbox => new SqliteOutbox(_database);

        public async Task TrimAsync(long passed)
        {
            var later = new FakeTimeProvider(DateTimeOffset.UtcNow.AddYears(10));
            await new Retention(_database, later).RunAsync(passed, default);
        }

        public Task ReopenAsync()
        {
            _database.Dispose();
            _database = Open(_folder, _configure);
            return Task.CompletedTask;
        }

        public ValueTask DisposeAsync()
        {
            _database.Dispose();
            _folder.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
