using Catalog.V1;
using Status = Google.Rpc.Status;

namespace Catalog.Standalone.Import;

/// <summary>
/// A row as it stands in a file: the line where it begins, its bytes (for the file of rejects), and either what it says or why it
/// cannot be read.
/// </summary>
internal readonly record struct SourceRow(long Line, ReadOnlyMemory<byte> Raw, ImportRow? Row, Status? Refusal)
{
    /// <summary>The longest row that is read at all. A product has at most 256 KiB, and JSON may write some of them six times as long.</summary>
    public const int MaxBytes = 1024 * 1024;
}
