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

    public ValueTask<SearchPage> SearchAsync(SearchPlan plan, CancellationToken cancellation) => SearchAsync(
        plan.Text.Any(clause => clause is TextClause.Word { Typos: > 0 }),
        (connection, docs) => new Search(plan, connection, docs, cancellation).Run(file.Vocabulary),
        cancellation);

    public ValueTask<IReadOnlyList<Product>> SuggestAsync(SuggestPlan plan, CancellationToken cancellation) => SearchAsync(
        needsVocabulary: false, (connection, docs) => Suggestions.Find(plan, connection, docs, cancellation), cancellation);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0) file.Exit();
    }

    private async ValueTask<IReadOnlyList<T>> ReadAsync<T>(IReadOnlyList<string> productIds, Func<ReadConnection, string, T> read, CancellationToken cancellation)
    {
        try
        {
            var connection = await file.RentAsync(cancellation);
            try
            {
                var found = new T[productIds.Count];
                for (var i = 0; i < found.Length; i++) found[i] = read(connection, productIds[i]);
                return found;
            }
            finally
            {
                file.Return(connection);
            }
        }
        catch (Exception fault) when (IndexFile.IsFault(fault))
        {
            throw file.Explain(fault);
        }
    }

    private async ValueTask<T> SearchAsync<T>(bool needsVocabulary, Func<ReadConnection, Documents.DocSnapshot, T> search, CancellationToken cancellation)
    {
        await file.DocsLoaded.WaitAsync(cancellation);
        if (needsVocabulary) await file.VocabularyLoaded.WaitAsync(cancellation);
        try
        {
            var connection = await file.RentAsync(cancellation);
            try
            {
                return connection.Search(file.Docs, search, cancellation);
            }
            finally
            {
                file.Return(connection);
            }
        }
        catch (Exception fault) when (IndexFile.IsFault(fault))
        {
            throw file.Explain(fault);
        }
    }
}
