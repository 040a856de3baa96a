using System.Text.Unicode;
using Catalog.V1;

namespace Catalog.Standalone.Import;

/// <summary>Rows as NDJSON: one JSON object a line. A line that cannot be read is a row that says why; it ends nothing.</summary>
internal static class NdjsonRows
{
    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    public static IEnumerable<SourceRow> Read(Stream stream)
    {
        var lines = new LineReader(stream, SourceRow.MaxBytes);
        while (lines.TryRead(out var line))
        {
            if (lines.Line == 1 && line.Span.StartsWith(ByteOrderMark)) line = line[ByteOrderMark.Length..];
            if (!line.Span.ContainsAnyExcept(" \t\r"u8)) continue;
            yield return ToRow(lines, line.ToArray());
        }
    }

    private static SourceRow ToRow(LineReader lines, byte[] line)
    {
        if (lines.TooLong)
            return new(lines.Line, line, null, CatalogError.Invalid("row", $"is longer than {SourceRow.MaxBytes} bytes; only its beginning is shown"));
        if (!Utf8.IsValid(line))
            return new(lines.Line, line, null, CatalogError.Invalid("row", "is not valid UTF-8"));
        var row = JsonRow.Parse(line, out var refusal);
        if (row is not null) row.Row = lines.Line;
        return new(lines.Line, line, row, refusal);
    }
}
