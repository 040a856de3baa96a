using Catalog.Sqlite.Index.Documents;
using Catalog.Sqlite.Index.Text;
using Catalog.Sqlite.Sql;
using Catalog.V1;

namespace Catalog.Sqlite.Index;

/// <summary>Reads into memory what of an index is held there. Damage shows here, because all products and all words are read.</summary>
internal sealed class IndexLoader(IndexFile file)
{
    private const int Batch = 4096;

    /// <summary>The documents. The writer waits for it.</summary>
    public void LoadDocs()
    {
        using var connection = new Connection(file.Path);
        List<KeyValuePair<int, Doc?>> docs = [];
        using (var read = connection.Once("SELECT row, body FROM docs WHERE deleted = 0"))
        {
            while (read.Step())
            {
                file.Closing.ThrowIfCancellationRequested();
                var product = Product.Parser.ParseFrom(read.Blob(1));
                docs.Add(new((int)read.Long(0), new Doc(product, IndexedText.CountWords(product.Title), file.Terms)));
            }
        }
        var empty = file.Docs.Current.After;
        var loaded = empty.With(empty.Generation, docs);
        file.Docs.Publish(loaded, loaded);
    }

    /// <summary>The words. New ones are added meanwhile.</summary>
    public void LoadVocabulary()
    {
        using var connection = new Connection(file.Path);
        List<string> words = new(Batch);
        using var read = connection.Once("SELECT term FROM vocabulary");
        while (read.Step())
        {
            file.Closing.ThrowIfCancellationRequested();
            var word = read.Text(0);
            if (word[0] is not (IndexedText.Initial or IndexedText.Gap)) words.Add(word);
            if (words.Count < Batch) continue;
            file.Vocabulary.Add(words);
            words.Clear();
        }
        file.Vocabulary.Add(words);
    }
}
