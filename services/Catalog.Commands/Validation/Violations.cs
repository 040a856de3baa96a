using Catalog.V1;
using Google.Rpc;
using Status = Google.Rpc.Status;

namespace Catalog.Commands;

/// <summary>What is wrong with a request: all of it, so that nobody corrects it one error at a time.</summary>
internal sealed class Violations
{
    private List<BadRequest.Types.FieldViolation>? _found;

    public bool Any => _found is not null;

    public void Add(string field, string description) =>
        (_found ??= []).Add(new BadRequest.Types.FieldViolation { Field = field, Description = description });

    public Status ToStatus() => CatalogError.Invalid(_found ?? []);
}
