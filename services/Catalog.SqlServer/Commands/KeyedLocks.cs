namespace Catalog.SqlServer.Commands;

/// <summary>Locks by name, of which some share one: a fixed number, whatever the number of names.</summary>
internal sealed class KeyedLocks : IDisposable
{
    private readonly SemaphoreSlim[] _locks = Enumerable.Range(0, 1024).Select(_ => new SemaphoreSlim(1)).ToArray();

    /// <summary>Waits for the lock of a name; disposing what is returned gives it back.</summary>
    public async ValueTask<Holder> EnterAsync(string name, CancellationToken cancellation)
    {
        var held = _locks[(uint)StringComparer.Ordinal.GetHashCode(name) % _locks.Length];
        await held.WaitAsync(cancellation);
        return new Holder(held);
    }

    public void Dispose()
    {
        foreach (var each in _locks) each.Dispose();
    }

    /// <summary>Who is inside.</summary>
    public readonly record struct Holder(SemaphoreSlim Held) : IDisposable
    {
        public void Dispose() => Held.Release();
    }
}
