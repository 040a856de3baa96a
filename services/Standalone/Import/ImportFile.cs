using System.IO.Compression;

namespace Catalog.Standalone.Import;

/// <summary>The file to import, opened: its format, its rows, and how much of it has been read.</summary>
internal sealed class ImportFile : IDisposable
{
    private readonly Stream _file;
    private readonly Stream _content;
    private readonly Func<Stream, IEnumerable<SourceRow>> _reader;

    private ImportFile(Stream file, Stream content, string format)
    {
        _file = file;
        _content = content;
        _reader = format == "csv" ? CsvRows.Read : NdjsonRows.Read;
    }

    /// <summary>Opens a file, or standard input as <c>-</c>. The format is <c>ndjson</c>, <c>csv</c>, or null to go by the file's ending.</summary>
    public static ImportFile Open(string path, string? format)
    {
        if (path == "-")
        {
            if (format is null) throw new ImportException("Say with --format ndjson or --format csv what standard input holds.");
            var input = Console.OpenStandardInput();
            return new ImportFile(input, input, format);
        }
        if (Directory.Exists(path)) throw new ImportException("This is a folder. Name a file.");
        var zipped = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);
        format ??= Path.GetExtension(zipped ? path[..^3] : path).ToLowerInvariant() switch
        {
            ".csv" => "csv",
            ".ndjson" or ".jsonl" => "ndjson",
            _ => throw new ImportException($"Say with --format ndjson or --format csv what {path} holds; its ending does not tell."),
        };
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0, FileOptions.SequentialScan);
        return new ImportFile(file, zipped ? new GZipStream(file, CompressionMode.Decompress) : file, format);
    }

    /// <summary>How much of the file has been read, from 0 to 1; null if its size is not known.</summary>
    public double? Fraction => _file.CanSeek && _file.Length > 0 ? (double)_file.Position / _file.Length : null;

    /// <summary>The rows, read as they are asked for.</summary>
    public IEnumerable<SourceRow> Rows() => _reader(_content);

    public void Dispose() => _content.Dispose();
}
