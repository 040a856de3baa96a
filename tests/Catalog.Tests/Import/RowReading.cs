using System.Text;
using Catalog.Standalone.Import;
using Google.Rpc;

namespace Catalog.Tests.Import;

/// <summary>Short hands for tests that read rows out of texts.</summary>
internal static class RowReading
{
    public static List<SourceRow> Ndjson(string text) => NdjsonRows.Read(new MemoryStream(Encoding.UTF8.GetBytes(text))).ToList();

    public static List<SourceRow> Ndjson(byte[] bytes) => NdjsonRows.Read(new MemoryStream(bytes)).ToList();

    public static List<SourceRow> Csv(string text) => CsvRows.Read(new MemoryStream(Encoding.UTF8.GetBytes(text))).ToList();

    public static List<SourceRow> Csv(byte[] bytes) => CsvRows.Read(new MemoryStream(bytes)).ToList();

    /// <summary>What is wrong with a row, as <c>field: description</c>.</summary>
    public static string[] Violations(this SourceRow row) =>
        row.Refusal!.GetDetail<BadRequest>()!.FieldViolations.Select(violation => $"{violation.Field}: {violation.Description}").ToArray();

    public static string RawText(this SourceRow row) => Encoding.UTF8.GetString(row.Raw.Span);
}
