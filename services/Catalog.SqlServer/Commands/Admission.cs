using Catalog.Commands;

namespace Catalog.SqlServer.Commands;

/// <summary>How many commands wait or run, and how large they are; more than the bounds are refused at once (G10).</summary>
internal sealed class Admission(int bound)
{
    private readonly Lock _lock = new();
    private int _inside;
    private long _bytes;

    /// <summary>Takes commands on, all of them or none.</summary>
    public bool TryEnter(IReadOnlyList<ProductCommand> commands)
    {
        var bytes = Bytes(commands);
        lock (_lock)
        {
            // A batch larger than the bound is taken when nothing else waits, or it never could be.
            if (_inside > 0 && (_inside + commands.Count > bound || _bytes + bytes > ICommandStore.MaxWaitingBytes)) return false;
            _inside += commands.Count;
            _bytes += bytes;
            return true;
        }
    }

    public void Leave(IReadOnlyList<ProductCommand> commands)
    {
        var bytes = Bytes(commands);
        lock (_lock)
        {
            _inside -= commands.Count;
            _bytes -= bytes;
        }
    }

    private static long Bytes(IReadOnlyList<ProductCommand> commands) => commands.Sum(c => (long)c.Size);
}
