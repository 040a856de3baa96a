using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Google.Protobuf.Reflection;
using Google.Rpc;
using Grpc.Core;
using Status = Google.Rpc.Status;

namespace Catalog.Standalone.Import;

/// <summary>
/// The rows that were refused, one JSON object a line: <c>line</c>, <c>code</c>, <c>reason</c>, <c>message</c>, <c>violations</c> and the row itself as <c>raw</c>.
/// The file is made with the first of them. <c>jq -r .raw</c> gives back rows to repair and import, of a CSV without their header.
/// </summary>
internal sealed class RejectsFile(string path) : IDisposable
{
    // Texts stay readable: the file is for people and jq, not for a web page.
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly EnumDescriptor Codes = CodeReflection.Descriptor.EnumTypes[0];

    private readonly Lock _gate = new();
    private Stream? _file;

    public string Path => path;

    /// <summary>Deletes what an earlier import left behind, so that the file never tells of other rows than this import's.</summary>
    public void Clear() => File.Delete(path);

    public void Add(in SourceRow row, Status refusal)
    {
        lock (_gate)
        {
            _file ??= new BufferedStream(new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read), 64 * 1024);
            using (var json = new Utf8JsonWriter(_file, Readable)) Write(json, row, refusal);
            _file.WriteByte((byte)'\n');
        }
    }

    public void Dispose() => _file?.Dispose();

    private static void Write(Utf8JsonWriter json, in SourceRow row, Status refusal)
    {
        json.WriteStartObject();
        json.WriteNumber("line", row.Line);
        json.WriteString("code", Codes.FindValueByNumber(refusal.Code)?.Name ?? refusal.Code.ToString());
        if (refusal.GetDetail<ErrorInfo>() is { } info) json.WriteString("reason", info.Reason);
        json.WriteString("message", refusal.Message);
        if (refusal.GetDetail<BadRequest>() is { } bad)
        {
            json.WriteStartArray("violations");
            foreach (var violation in bad.FieldViolations)
            {
                json.WriteStartObject();
                json.WriteString("field", violation.Field);
                json.WriteString("description", violation.Description);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        json.WriteString("raw", Encoding.UTF8.GetString(row.Raw.Span));
        json.WriteEndObject();
    }
}
