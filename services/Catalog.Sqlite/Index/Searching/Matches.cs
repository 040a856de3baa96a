using System.Buffers;
using Catalog.Queries;

namespace Catalog.Sqlite.Index.Searching;

/// <summary>The rows that hold the text of a search, in rising order, and how well they do.</summary>
internal sealed class Matches : IDisposable
{
    // More than all else together: everything typed right.
    private const int Exact = 1 << 16;

    private int[] _rows = ArrayPool<int>.Shared.Rent(1024);
    private int[] _points = [];
    private byte[] _named = [];

    public int Count { get; private set; }

    public ReadOnlySpan<int> Rows => _rows.AsSpan(0, Count);

    /// <summary>Adds the next row.</summary>
    public void Add(int row)
    {
        if (Count == _rows.Length)
        {
            var larger = ArrayPool<int>.Shared.Rent(Count * 2);
            _rows.CopyTo(larger, 0);
            ArrayPool<int>.Shared.Return(_rows);
            _rows = larger;
        }
        _rows[Count++] = row;
    }

    /// <summary>Begins to give points.</summary>
    public void BeginRanking()
    {
        _points = ArrayPool<int>.Shared.Rent(Count);
        _named = ArrayPool<byte>.Shared.Rent(Count);
        _points.AsSpan(0, Count).Clear();
        _named.AsSpan(0, Count).Clear();
    }

    /// <summary>These rows hold everything as it was typed.</summary>
    public void AddExact(IEnumerable<int> rows) => AddPoints(rows, Exact);

    /// <summary>All rows hold everything as it was typed.</summary>
    public void AllAreExact()
    {
        foreach (ref var points in _points.AsSpan(0, Count)) points += Exact;
    }

    /// <summary>These rows hold so many of the words where the product is named.</summary>
    public void AddNamed(IEnumerable<int> rows, int words) => AddPoints(rows, RankPoints.Naming, words);

    /// <summary>These rows hold one of the words where the product is described.</summary>
    public void AddDescribed(IEnumerable<int> rows) => AddPoints(rows, RankPoints.Describing);

    /// <summary>
    /// How well a match fits. It depends on the product and the words alone, not on how many products there are or how frequent the words are in
    /// them: else the order would shift with every write, and a product would be on two pages or on none.
    /// </summary>
    /// <param name="index">Its place among the rows.</param>
    /// <param name="titleWords">How many words the product's title has: the more of them were asked for, the better.</param>
    public double Rank(int index, int titleWords) =>
        _points.Length == 0 ? 0 : _points[index] + (_named[index] == 0 ? 0 : _named[index] / (double)(1 + Math.Max(titleWords, _named[index])));

    public void Dispose()
    {
        ArrayPool<int>.Shared.Return(_rows);
        if (_points.Length > 0) ArrayPool<int>.Shared.Return(_points);
        if (_named.Length > 0) ArrayPool<byte>.Shared.Return(_named);
        _rows = _points = [];
        _named = [];
    }

    // Both go up, so one walk along the other finds them.
    private void AddPoints(IEnumerable<int> rows, int points, int named = 0)
    {
        var at = 0;
        foreach (var row in rows)
        {
            while (at < Count && _rows[at] < row) at++;
            if (at == Count) return;
            if (_rows[at] != row) continue;
            _points[at] += points;
            _named[at] = (byte)Math.Min(_named[at] + named, byte.MaxValue);
        }
    }
}
