using Google.Rpc;
using Grpc.Core;
using Status = Google.Rpc.Status;

namespace Catalog.V1;

/// <summary>
/// What is wrong with a request: all of it, so that nobody corrects it one error at a time, but no more than help anybody. It goes out in a header, of which clients take 8 KiB.
/// </summary>
internal sealed class Violations
{
    /// <summary>How many are told.</summary>
    public const int Most = 20;

    private const int LongestQuote = 60, LongestField = 100, LongestDescription = 200;

    private List<BadRequest.Types.FieldViolation>? _found;

    public IReadOnlyList<BadRequest.Types.FieldViolation> Found => _found ?? [];

    public void Add(string field, string description)
    {
        if (_found?.Count >= Most) return;
        (_found ??= []).Add(new BadRequest.Types.FieldViolation { Field = Cut(field, LongestField), Description = Cut(description, LongestDescription) });
    }

    /// <summary>INVALID_ARGUMENT with all of it; null if nothing is wrong.</summary>
    public Status? ToStatus() => _found is null ? null : CatalogError.Invalid(_found);

    /// <summary>Refuses the request if anything is wrong with it.</summary>
    public void ThrowIfAny()
    {
        if (ToStatus() is { } refusal) throw refusal.ToRpcException();
    }

    /// <summary>A text, no longer than that many characters but for the sign that it was.</summary>
    public static string Cut(string text, int length) => text.Length <= length ? text : text[..(char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)] + "…";

    /// <summary>A value in quotes, short enough for a message.</summary>
    public static string Quote(ReadOnlySpan<char> value) => value.Length <= LongestQuote ? $"\"{value}\"" : $"\"{value[..LongestQuote]}…\"";
}
