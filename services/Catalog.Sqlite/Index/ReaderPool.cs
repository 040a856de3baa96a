using System.Collections.Concurrent;
using Catalog.Sqlite.Index.Documents;

namespace Catalog.Sqlite.Index;

/// <summary>
/// The connections that an index is read on. One that comes back keeps its view of the file as long as that is the newest: taking a new one costs
/// more than a lookup.
/// </summary>
internal sealed class ReaderPool(string path, PublishedDocs docs) : IDisposable
{
    private const int MaxConnections = 16;

    private readonly ConcurrentStack<ReadConnection> _idle = new();
    private readonly SemaphoreSlim _free = new(MaxConnections);
    private volatile bool _keepViews = true;

    /// <summary>Whether connections may keep their views. Not while the write-ahead log starts over: they would read from it all the time.</summary>
    public bool KeepViews
    {
        get => _keepViews;
        set => _keepViews = value;
    }

    /// <summary>A connection with a view that holds everything committed before the call. Goes back with <see cref="Return"/>.</summary>
    public async ValueTask<ReadConnection> RentAsync(CancellationToken cancellation)
    {
        await _free.WaitAsync(cancellation);
        ReadConnection? reader = null;
        try
        {
            if (!_idle.TryPop(out reader)) reader = new ReadConnection(path);
            reader.Refresh(docs);
            return reader;
        }
        catch
        {
            reader?.Dispose();
            _free.Release();
            throw;
        }
    }

    /// <summary>Takes a connection back; one on which something failed is not used again.</summary>
    public void Return(ReadConnection reader, bool failed)
    {
        try
        {
            if (!failed && !(KeepViews && reader.IsCurrent(docs))) reader.LetGo();
        }
        finally
        {
            if (failed) reader.Dispose();
            else _idle.Push(reader);
            _free.Release();
        }
    }

    /// <summary>
    /// Lets go of the views of idle connections after a commit: they are old now, and would keep the write-ahead log from starting over.
    /// </summary>
    public void LetGo()
    {
        List<ReadConnection> idle = [];
        while (_free.Wait(0))
        {
            if (_idle.TryPop(out var reader))
            {
                idle.Add(reader);
                continue;
            }
            _free.Release();
            break;
        }
        foreach (var reader in Enumerable.Reverse(idle)) Return(reader, failed: false);
    }

    public void Dispose()
    {
        while (_idle.TryPop(out var reader)) reader.Dispose();
        _free.Dispose();
    }
}
