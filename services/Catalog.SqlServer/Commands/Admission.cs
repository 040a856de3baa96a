namespace Catalog.SqlServer.Commands;

/// <summary>How many commands wait or run; more than the bound are refused at once (G10).</summary>
internal sealed class Admission(int bound)
{
    private readonly Lock _lock = new();
    private int _inside;

    /// <summary>Takes commands on, all of them or none.</summary>
    public bool TryEnter(int count)
    {
        lock (_lock)
        {
            // A batch larger than the bound is taken when nothing else waits, or it never could be.
            if (_inside > 0 && _inside + count > bound) return false;
            _inside += count;
            return true;
        }
    }

    public void Leave(int count)
    {
        lock (_lock) _inside -= count;
    }
}
