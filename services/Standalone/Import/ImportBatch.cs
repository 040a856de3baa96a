using Catalog.V1;

namespace Catalog.Standalone.Import;

/// <summary>Rows that travel in one message. It is kept until each of them has its result, so that it can be sent again.</summary>
internal sealed class ImportBatch
{
    private const int MaxRows = 500;
    private const int MaxBytes = 1024 * 1024;

    private readonly List<SourceRow> _rows = [];
    private int _answered;
    private int _bytes;

    public bool IsEmpty => _rows.Count == 0;

    public bool IsAnswered => _answered == _rows.Count;

    /// <summary>Takes a row that can be sent, unless the message would become too large.</summary>
    public bool TryAdd(in SourceRow row)
    {
        var size = row.Row!.CalculateSize();
        if (_rows.Count == MaxRows || (_rows.Count > 0 && _bytes + size > MaxBytes)) return false;
        _rows.Add(row);
        _bytes += size;
        return true;
    }

    /// <summary>The message with the rows that have no result yet.</summary>
    public ImportProductsRequest ToRequest() => new() { Rows = { _rows.Skip(_answered).Select(row => row.Row) } };

    /// <summary>The row that this result is about. Results come in the order of the rows; anything else would put blame on the wrong line.</summary>
    public SourceRow Answer(ImportRowResult result)
    {
        var row = _rows[_answered];
        if (row.Line != result.Row) throw new ImportException($"The server answered row {result.Row} where {row.Line} was due. Nothing more was sent.");
        _answered++;
        return row;
    }
}
