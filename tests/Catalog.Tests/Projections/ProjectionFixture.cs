using Catalog.Commands;
using Catalog.Projections;
using Catalog.Queries;
using Catalog.Sqlite;
using Catalog.Sqlite.Index;
using Catalog.Tests.Commands;
using Catalog.V1;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace Catalog.Tests.Projections;

/// <summary>A command database and an index as the standalone process has them, with places to make things fail.</summary>
internal sealed class ProjectionFixture : IAsyncDisposable
{
    private readonly TempFolder _folder = new();
    private readonly ProjectionMetrics _metrics = new();

    public ProjectionFixture()
    {
        Database = OpenDatabase();
        Indexes = OpenIndexes();
        States = new FaultyStates(() => new SqliteProductStates(Database));
        Set = new FaultyIndexSet(() => Indexes);
    }

    public string File => _folder.File("catalog.db");

    public SqliteCommandDatabase Database { get; private set; }

    public SqliteIndexSet Indexes { get; private set; }

    public FaultyStates States { get; }

    public FaultyIndexSet Set { get; }

    public LogWriter Writer => new(Database.Log, Indexes, TimeProvider.System, _metrics, NullLogger<LogWriter>.Instance);

    public IndexRebuild Rebuild => new(Database.Log, States, Set, Indexes, Writer, TimeProvider.System, _metrics, NullLogger<IndexRebuild>.Instance);

    public IndexRebuild RebuildOf(IIndexSet indexes) => new(Database.Log, States, indexes, Indexes, Writer, TimeProvider.System, _metrics, NullLogger<IndexRebuild>.Instance);

    public EmbeddedProjection Projection => new(Database.Log, Set, Writer, Rebuild, TimeProvider.System, NullLogger<EmbeddedProjection>.Instance);

    public DeadLetterReplay Replay => new(Indexes, Set, NullLogger<DeadLetterReplay>.Instance);

    public async Task<CommandOutcome.Committed> Commit(ProductCommand command) => Assert.IsType<CommandOutcome.Committed>(await Database.ExecuteAsync(command));

    public async Task<IIndexWriter> BuildAsync() => await Rebuild.RunAsync(allowMissing: false, default);

    public async Task CatchUpAsync(IIndexWriter index) => await Writer.CatchUpAsync(index, (await Database.Log.GetBoundsAsync(default)).Head, allowMissing: true, default);

    /// <summary>The versions that the index holds.</summary>
    public async Task<IReadOnlyList<long>> VersionsAsync(params string[] ids)
    {
        using var reader = await Indexes.OpenAsync(default);
        return await reader.GetVersionsAsync(ids, default);
    }

    /// <summary>Runs the projection until a condition holds.</summary>
    public async Task ProjectUntilAsync(Func<Task<bool>> condition)
    {
        using var projection = Projection;
        await projection.StartAsync(default);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await condition())
        {
            deadline.Token.ThrowIfCancellationRequested();
            await Task.Delay(5, deadline.Token);
        }
        await projection.StopAsync(default);
    }

    /// <summary>Damages or changes the command database behind the back of everyone.</summary>
    public void Tamper(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={File};Pooling=False");
        connection.Open();
        connection.Execute(sql);
    }

    /// <summary>Stops, puts the command database of before in place, and starts again.</summary>
    public async Task RestoreAsync(string backup)
    {
        Database.Dispose();
        await Indexes.DisposeAsync();
        foreach (var leftover in new[] { "-wal", "-shm" }) System.IO.File.Delete(File + leftover);
        System.IO.File.Copy(backup, File, overwrite: true);
        Database = OpenDatabase();
        Indexes = OpenIndexes();
    }

    public string BackUp()
    {
        var backup = _folder.File($"backup-{Guid.NewGuid():n}.db");
        Tamper($"VACUUM INTO '{backup}'");
        return backup;
    }

    public async ValueTask DisposeAsync()
    {
        Database.Dispose();
        await Indexes.DisposeAsync();
        _metrics.Dispose();
        _folder.Dispose();
    }

    private SqliteCommandDatabase OpenDatabase() =>
        SqliteCommandDatabase.Open(new CommandDatabaseOptions { Path = File }, TimeProvider.System, new CommandMetrics(), NullLogger<SqliteCommandDatabase>.Instance);

    private SqliteIndexSet OpenIndexes() => new(_folder.Path, Database.Log, TimeProvider.System, NullLogger<SqliteIndexSet>.Instance);

    /// <summary>The products, with something that happens between two pages.</summary>
    internal sealed class FaultyStates(Func<SqliteProductStates> states) : IProductStates
    {
        public Func<Task>? BeforePage { get; set; }

        public async ValueTask<IReadOnlyList<ProductState>> ReadAsync(long after, int limit, CancellationToken cancellation)
        {
            if (BeforePage is { } happen) await happen();
            return await states().ReadAsync(after, Math.Min(limit, 3), cancellation);
        }
    }

    /// <summary>The indices, of which some products are not taken, or not at once.</summary>
    internal sealed class FaultyIndexSet(Func<SqliteIndexSet> indexes) : IIndexSet
    {
        public Func<Product, string?> Reject { get; set; } = _ => null;

        public int FailuresLeft { get; set; }

        public Task Unusable => indexes().Unusable;

        public async ValueTask<IIndexWriter?> GetCurrentAsync(CancellationToken cancellation) =>
            await indexes().GetCurrentAsync(cancellation) is { } writer ? new FaultyWriter(writer, this) : null;

        public async ValueTask<IIndexWriter> CreateAsync(string logId, CancellationToken cancellation) => new FaultyWriter(await indexes().CreateAsync(logId, cancellation), this);

        public ValueTask SwapAsync(IIndexWriter next, CancellationToken cancellation) => indexes().SwapAsync(((FaultyWriter)next).Inner, cancellation);

        public ValueTask FinishAsync(IIndexWriter index, CancellationToken cancellation) => indexes().FinishAsync(((FaultyWriter)index).Inner, cancellation);

        public ValueTask<IIndexWriter?> GetUnfinishedAsync(CancellationToken cancellation) => indexes().GetUnfinishedAsync(cancellation);

        private sealed class FaultyWriter(IIndexWriter inner, FaultyIndexSet set) : IIndexWriter
        {
            public IIndexWriter Inner => inner;

            public string LogId => inner.LogId;

            public async ValueTask<IndexOutcome> WriteAsync(IReadOnlyList<Product> products, CancellationToken cancellation)
            {
                if (set.FailuresLeft > 0 && set.FailuresLeft-- > 0) throw new IOException("The index is away.");
                var rejected = products.Select(p => new RejectedProduct(p, set.Reject(p) ?? "")).Where(r => r.Reason.Length > 0).ToList();
                return await inner.WriteAsync(products.Except(rejected.Select(r => r.Product)).ToList(), cancellation) with { Rejected = rejected };
            }

            public ValueTask<long> GetPositionAsync(CancellationToken cancellation) => inner.GetPositionAsync(cancellation);

            public ValueTask SavePositionAsync(long position, CancellationToken cancellation) => inner.SavePositionAsync(position, cancellation);
        }
    }
}
