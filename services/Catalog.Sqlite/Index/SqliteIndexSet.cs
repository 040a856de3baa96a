using Catalog.Commands;
using Catalog.Projections;
using Catalog.Queries;
using Catalog.Sqlite.Sql;
using Catalog.V1;
using Microsoft.Extensions.Logging;

namespace Catalog.Sqlite.Index;

/// <summary>
/// The embedded query database: SQLite files of their own with a full text index, <c>index/products-&lt;time&gt;.db</c> in the data folder. The
/// newest complete one serves. One that is missing, damaged or of another version is no error: there is none that can serve, until the projection
/// has built one from the truth.
/// </summary>
public sealed partial class SqliteIndexSet : IProductIndex, IIndexSet, IDeadLetters, IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly IndexFolder _folder;
    private readonly IEventLog _log;
    private readonly OncePerMinute _limit;
    private readonly ILogger _logger;
    private readonly ChangeSignal _changes = new();
    private IndexFile? _current, _building;
    private TaskCompletionSource _unusable = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _disposed;

    /// <summary>
    /// Opens the newest index that can serve, and removes what is of no more use. What it needs in memory is read in the background.
    /// </summary>
    /// <param name="dataFolder">The data folder. One process at a time uses it.</param>
    /// <param name="log">The event log that is projected.</param>
    /// <param name="time">The time.</param>
    /// <param name="logger">Where to tell of damage.</param>
    public SqliteIndexSet(string dataFolder, IEventLog log, TimeProvider time, ILogger<SqliteIndexSet> logger)
    {
        _folder = new IndexFolder(Path.Combine(dataFolder, "index"), time);
        _log = log;
        _limit = new OncePerMinute(time);
        _logger = logger;
        foreach (var file in _folder.List()) OpenOrRemove(file);
        if (_current is null) _unusable.SetResult();
    }

    /// <summary>Keeps what there is of an index whose command database is gone: it may be the last that has the products. Nothing reads it any more.</summary>
    /// <param name="dataFolder">The data folder, which nobody has opened yet.</param>
    /// <returns>The files.</returns>
    public static IReadOnlyList<string> KeepOrphans(string dataFolder) => new IndexFolder(Path.Combine(dataFolder, "index"), TimeProvider.System).KeepAll();

    /// <summary>
    /// Completes when there is no index that can serve, because there never was one or because it broke: the projection must build one.
    /// </summary>
    public Task Unusable => Volatile.Read(ref _unusable).Task;

    /// <inheritdoc/>
    public ValueTask<IProductReader> OpenAsync(CancellationToken cancellation) => new(new ProductReader(Enter() ?? throw IndexFile.Rebuilding()));

    /// <inheritdoc/>
    public Func<CancellationToken, Task> WatchForChange() => _changes.Next.WaitAsync;

    /// <inheritdoc/>
    public async ValueTask<IndexStatus> GetStatusAsync(CancellationToken cancellation)
    {
        try
        {
            return await ReadStatusAsync(cancellation);
        }
        catch (CommandStoreException e)
        {
            throw SqliteChangeFeed.Unavailable(e);
        }
    }

    private async ValueTask<IndexStatus> ReadStatusAsync(CancellationToken cancellation)
    {
        var bounds = await _log.GetBoundsAsync(cancellation);
        var writer = (IndexWriter?)await GetCurrentAsync(cancellation);
        if (writer is null || writer.LogId != bounds.LogId)
        {
            // Everything is still to come, in an index that follows this log.
            var first = await OldestAsync(bounds.Trimmed, cancellation);
            return new IndexStatus(ProjectionStatus.Types.Phase.Rebuilding, bounds.LogId, bounds.Head - bounds.Trimmed, first, DeadLetters: 0, NextLogId: bounds.LogId);
        }
        var position = await writer.GetPositionAsync(cancellation);
        var lag = Math.Max(0, bounds.Head - position);
        var phase = Volatile.Read(ref _building) is not null ? ProjectionStatus.Types.Phase.Rebuilding
            : lag > 0 ? ProjectionStatus.Types.Phase.CatchingUp : ProjectionStatus.Types.Phase.Current;
        var letters = await writer.UseAsync(() => DeadLetterTable.Count(writer.File.Connection), cancellation);
        return new IndexStatus(phase, writer.LogId, lag, lag > 0 ? await OldestAsync(position, cancellation) : null, letters);
    }

    /// <inheritdoc/>
    public ValueTask<IIndexWriter?> GetCurrentAsync(CancellationToken cancellation)
    {
        var current = Volatile.Read(ref _current);
        if (current is not null && !File.Exists(current.Path)) _ = current.Explain(new FileNotFoundException("The index is gone.", current.Path));
        return new(current is { IsUsable: true } ? current.Writer : null);
    }

    /// <inheritdoc/>
    public ValueTask<IIndexWriter> CreateAsync(string logId, CancellationToken cancellation)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _building?.Close(FileEnd.Delete);
            _building = null;
            try
            {
                _building = IndexFile.Create(_folder.Next(), logId, OnDamaged, OnFailed, OnClosed);
            }
            catch (SqliteFault fault)
            {
                throw new IndexUnavailableException(ErrorReason.IndexUnavailable, "No index can be made now.", inner: fault);
            }
            return new(_building.Writer);
        }
    }

    /// <inheritdoc/>
    public async ValueTask SwapAsync(IIndexWriter next, CancellationToken cancellation)
    {
        var writer = (IndexWriter)next;
        await writer.UseAsync(
            () =>
            {
                Schema.Complete(writer.File.Connection);
                return true;
            },
            cancellation);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (writer.File != _building || !writer.File.IsUsable) throw IndexFile.Rebuilding();
            writer.Changed = _changes.Set;
            var before = _current;
            Volatile.Write(ref _current, writer.File);
            _building = null;
            if (_unusable.Task.IsCompleted) Volatile.Write(ref _unusable, new(TaskCreationOptions.RunContinuationsAsynchronously));
            before?.Close(FileEnd.Delete);
        }
        _changes.Set();
    }

    /// <inheritdoc/>
    public ValueTask FinishAsync(IIndexWriter index, CancellationToken cancellation) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public ValueTask<IIndexWriter?> GetUnfinishedAsync(CancellationToken cancellation) => new((IIndexWriter?)null);

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _disposed = true;
            _building?.Close(FileEnd.Delete);
            _current?.Close(FileEnd.Keep);
            _building = _current = null;
        }
        _changes.Set();
        return ValueTask.CompletedTask;
    }

    private IndexFile? Enter()
    {
        while (Volatile.Read(ref _current) is { IsUsable: true } current)
            if (current.TryEnter()) return current;
        return null;
    }

    private async ValueTask<DateTimeOffset?> OldestAsync(long after, CancellationToken cancellation) =>
        await _log.ReadAsync(after, 1, cancellation) is [var first, ..] ? ProductEvent.Parser.ParseFrom(first.Body.Span).OccurredTime?.ToDateTimeOffset() : null;

    private void OpenOrRemove(string file)
    {
        if (_current is not null)
        {
            SqliteFile.Delete(file);
            return;
        }
        try
        {
            _current = IndexFile.Open(file, OnDamaged, OnFailed, OnClosed);
            _current.Writer.Changed = _changes.Set;
        }
        catch (UnusableIndexException unusable) when (unusable.Ours)
        {
            Log.Removed(_logger, file, unusable.Message);
            SqliteFile.Delete(file);
        }
        catch (Exception fault) when (fault is UnusableIndexException or SqliteFault)
        {
            Log.Damaged(_logger, file, fault);
            _folder.SetAside(file);
        }
    }

    private void OnDamaged(IndexFile file, Exception cause)
    {
        Log.Damaged(_logger, file.Path, cause);
        lock (_gate)
        {
            if (file == _current)
            {
                Volatile.Write(ref _current, null);
                _unusable.TrySetResult();
            }
            if (file == _building) _building = null;
            file.Close(FileEnd.SetAside);
        }
        _changes.Set();
    }

    // Every call may fail of it.
    private void OnFailed(IndexFile file, Exception cause)
    {
        if (_limit.IsDue(cause.Message)) Log.Failed(_logger, file.Path, cause);
    }

    private void OnClosed(IndexFile file)
    {
        if (file.End == FileEnd.Delete) SqliteFile.Delete(file.Path);
        if (file.End == FileEnd.SetAside) _folder.SetAside(file.Path);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "The index {File} is damaged. It is built anew; the broken file is kept as damaged.db until the next one breaks.")]
        public static partial void Damaged(ILogger logger, string file, Exception cause);

        [LoggerMessage(LogLevel.Warning, "The index {File} cannot be used now")]
        public static partial void Failed(ILogger logger, string file, Exception cause);

        [LoggerMessage(LogLevel.Information, "Removed the index {File}: {Reason}.")]
        public static partial void Removed(ILogger logger, string file, string reason);
    }
}
