using Catalog.Queries;
using Catalog.Sqlite.Index.Searching;
using Catalog.V1;

namespace Catalog.Sqlite.Index;

/// <summary>Reads one index, whatever is swapped in meanwhile.</summary>
internal sealed class ProductReader(IndexFile file) : IProductReader
{
    private int _disposed;

    public string LogId => file.LogId;

    public ValueTask<IReadOnlyList<long>> GetVersionsAsync(IReadOnlyList<string> productIds, CancellationToken cancellation) =>
        ReadAsync(productIds, static (connection, id) => connection.Version(id), cancellation);

    public ValueTask<IReadOnlyList<Product?>> GetAsync(IReadOnlyList<string> productIds, CancellationToken cancellation) =>
        ReadAsync(productIds, static (connection, id) => connection.Product(id), cancellation);

    // A write is searchable when it is committed.
    public ValueTask MakeSearchableAsync(CancellationToken cancellation) => ValueTask.CompletedTask;

    public async ValueTask<SearchPage> SearchAsync(SearchPlan plan, CancellationToken cancellation)
    {
        await file.DocsLoaded.WaitAsync(cancellation);
        if (plan.Text.Any(clause => clause is TextClause.Word { Typos: > 0 })) await file.VocabularyLoaded.WaitAsync(cancellation);
        return await UseAsync(
            connection => connection.Run(() => new Search(plan, connection, cancellation).Run(file.Vocabulary), cancellation), cancellation);
    }

    public async ValueTask<IReadOnlyList<Product>> SuggestAsync(SuggestPlan plan, CancellationToken cancellation)
    {
        await file.DocsLoaded.WaitAsync(cancellation);
        return await UseAsync(connection => connection.Run(() => Suggestions.Find(plan, connection, cancellation), cancellation), cancellation);
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0) file.Exit();
    }

    private ValueTask<IReadOnlyList<T>> ReadAsync<T>(IReadOnlyList<string> productIds, Func<ReadConnection, string, T> read, CancellationToken cancellation) =>
        UseAsync<IReadOnlyList<T>>(
            connection =>
            {
                var found = new T[productIds.Count];
                for (var i = 0; i < found.Length; i++) found[i] = read(connection, productIds[i]);
                return found;
            },
            cancellation);

    private async ValueTask<T> UseAsync<T>(Func<ReadConnection, T> use, CancellationToken cancellation)
    {
        try
        {
            var connection = await file.Readers.RentAsync(cancellation);
            var failed = true;
            try
            {
                var result = use(connection);
                failed = false;
                return result;
            }
            finally
            {
                file.Readers.Return(connection, failed);
            }
        }
        catch (Exception fault) when (IndexFile.IsFault(fault))
        {
            throw file.Explain(fault);
        }
    }
}
