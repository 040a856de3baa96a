using Catalog.V1;
using Google.Rpc;
using Grpc.Core;

namespace Catalog.Queries;

/// <summary>Everything that is wrong with one request, so that the caller learns all of it at once.</summary>
internal sealed class Violations
{
    private readonly List<BadRequest.Types.FieldViolation> _found = [];

    public IReadOnlyList<BadRequest.Types.FieldViolation> Found => _found;

    public void Add(string field, string description) => _found.Add(new BadRequest.Types.FieldViolation { Field = field, Description = description });

    /// <summary>Refuses the request if anything is wrong with it.</summary>
    public void ThrowIfAny()
    {
        if (_found.Count > 0) throw CatalogError.Invalid(_found).ToRpcException();
    }
}
