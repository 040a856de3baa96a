using Grpc.Net.Client;

namespace Catalog.SystemTests;

/// <summary>
/// A running catalog as its clients see it. The suites know no more than this, so that they hold for one process as for a cluster of several.
/// </summary>
public interface ICatalogUnderTest
{
    /// <summary>Where the commands go.</summary>
    GrpcChannel Commands { get; }

    /// <summary>Where the queries go.</summary>
    GrpcChannel Queries { get; }

    /// <summary>REST, for commands and queries.</summary>
    HttpClient Rest { get; }

    /// <summary>The port for health and metrics of each process.</summary>
    IReadOnlyList<Uri> Hosts { get; }
}
