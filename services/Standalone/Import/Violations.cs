using Catalog.V1;
using Google.Rpc;

namespace Catalog.Standalone.Import;

/// <summary>Collects everything that is wrong with one row, in the form that the server uses for what it refuses.</summary>
internal struct Violations
{
    private List<BadRequest.Types.FieldViolation>? _all;

    public void Add(string field, string description) =>
        (_all ??= []).Add(new BadRequest.Types.FieldViolation { Field = field, Description = description });

    public readonly Status? ToStatus() => _all is null ? null : CatalogError.Invalid(_all);

    /// <summary>A value in quotes, short enough for a message.</summary>
    public static string Quote(ReadOnlySpan<char> value) => value.Length <= 60 ? $"\"{value}\"" : $"\"{value[..60]}…\"";
}
