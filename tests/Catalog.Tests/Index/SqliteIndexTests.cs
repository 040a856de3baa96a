using Catalog.Projections;
using Catalog.Queries;
using Catalog.Sqlite.Index;
using Microsoft.Extensions.Logging.Abstractions;

namespace Catalog.Tests.Index;

/// <summary>The embedded index does what every index does.</summary>
public sealed class SqliteIndexTests : ProductIndexContract
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("catalog-index-");
    private SqliteIndexSet? _set;

    protected override ValueTask<(IIndexSet Indices, IProductIndex Index)> StartAsync()
    {
        _set = new SqliteIndexSet(_folder.FullName, new ListLog(LogId), TimeProvider.System, NullLogger<SqliteIndexSet>.Instance);
        return new((_set, _set));
    }

    protected override async ValueTask StopAsync()
    {
        if (_set is not null) await _set.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
