using Google.Rpc;
using Grpc.Core;
using Status = Google.Rpc.Status;

namespace Catalog.V1;

/// <summary>What is wrong with a request: all of it, so that nobody corrects it one error at a time.</summary>
internal sealed class Violations
{
    private const int LongestQuote = 60;

    private List<BadRequest.Types.FieldViolation>? _found;

    public IReadOnlyList<BadRequest.Types.FieldViolation> Found => _found ?? [];

    public void Add(string field, string description) =>
        (_found ??= []).Add(new BadRequest.Types.FieldViolation { Field = field, Description = description });

    /// <summary>INVALID_ARGUMENT with all of it; null if nothing is wrong.</summary>
    public Status? ToStatus() => _found is null ? null : CatalogError.Invalid(_found);

    /// <summary>Refuses the request if anything is wrong with it.</summary>
    public void ThrowIfAny()
    {
        if (ToStatus() is { } refusal) throw refusal.ToRpcException();
    }

    /// <summary>A value in quotes, short enough for a message.</summary>
    public static string Quote(ReadOnlySpan<char> value) => value.Length <= LongestQuote ? $"\"{value}\"" : $"\"{value[..LongestQuote]}…\"";
}
