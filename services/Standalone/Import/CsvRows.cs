using System.Text.Unicode;
using Catalog.V1;
using CsvHelper;

namespace Catalog.Standalone.Import;

/// <summary>
/// Rows as CSV (RFC 4180, UTF-8) with a header. An empty field leaves its column out for that row; <c>categories</c> are separated by <c>|</c>,
/// a <c>price</c> is an amount such as <c>19.99</c> in the <c>currency</c> beside it, <c>attributes.color</c> is the attribute <c>color</c>.
/// </summary>
internal static class CsvRows
{
    public static IEnumerable<SourceRow> Read(Stream stream)
    {
        var malformed = false;
        using var csv = CsvReader.Create(stream, new CsvReaderOptions
        {
            Separator = ',',
            TrimWhitespace = true,
            TrackLineNumbers = true,
            MaxRecordSize = SourceRow.MaxBytes,
            OnMalformedRecord = _ => malformed = true,
        }, leaveOpen: true);
        CsvColumns? columns = null;
        while (Advance(csv))
        {
            columns ??= new CsvColumns(csv.Headers);
            yield return ToRow(columns, csv, malformed);
            malformed = false;
        }
        if (columns is null) _ = new CsvColumns(csv.Headers); // A header without rows is held to its rules, too.
    }

    private static bool Advance(CsvReader csv)
    {
        try
        {
            return csv.Read();
        }
        catch (CsvFormatException e)
        {
            // Where the next row begins cannot be known: a quote may have been opened anywhere.
            throw new ImportException($"The row that begins in line {e.LineNumber} is longer than {SourceRow.MaxBytes} bytes. "
                + "Is a closing quote missing? Nothing from this line on was read.", e);
        }
    }

    private static SourceRow ToRow(CsvColumns columns, CsvReader csv, bool malformed)
    {
        var violations = new Violations();
        var raw = csv.RawRecord.ToArray();
        if (!Utf8.IsValid(raw)) violations.Add("row", "is not valid UTF-8; save the file as UTF-8");
        if (malformed) violations.Add("row", "has a quote that does not close, or text after a closing quote; a quote inside quotes is doubled: \"a 19\"\" rack\"");
        if (csv.FieldCount != columns.Count) violations.Add("row", $"has {csv.FieldCount} fields where the header has {columns.Count}");
        if (violations.ToStatus() is { } unreadable) return new(csv.LineNumber, raw, null, unreadable);

        var row = columns.ToRow(csv, violations);
        row.Row = csv.LineNumber;
        var refusal = violations.ToStatus();
        return new(csv.LineNumber, raw, refusal is null ? row : null, refusal);
    }
}
