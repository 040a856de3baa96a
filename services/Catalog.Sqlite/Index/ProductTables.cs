using Catalog.Sqlite.Index.Documents;
using Catalog.Sqlite.Index.Text;
using Catalog.Sqlite.Sql;
using Catalog.V1;
using Google.Protobuf;

namespace Catalog.Sqlite.Index;

/// <summary>The tables of the products and of their words, as the writer changes them within one transaction.</summary>
internal sealed class ProductTables(Connection connection, TermTable terms, Vocabulary vocabulary)
{
    private readonly Statement _find = connection.Prepare("SELECT row, version, deleted, body FROM docs WHERE id = ?1");
    private readonly Statement _insert = connection.Prepare("INSERT INTO docs(row, id, version, deleted, body) VALUES(?1, ?2, ?3, ?4, ?5)");
    private readonly Statement _update = connection.Prepare("UPDATE docs SET version = ?2, deleted = ?3, body = ?4 WHERE row = ?1");
    private readonly Statement _addWords = connection.Prepare($"INSERT INTO words(rowid, {Columns.Declared}) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)");
    private readonly Statement _removeWords = connection.Prepare("DELETE FROM words WHERE rowid = ?1");
    private readonly IndexedText _text = new();
    private readonly List<(int Row, bool Remove, Product? Add)> _words = [];

    /// <summary>The row for the next new product.</summary>
    public int NextRow { get; private set; }

    /// <summary>Begins a transaction.</summary>
    public void Begin(int nextRow)
    {
        NextRow = nextRow;
        _words.Clear();
    }

    /// <summary>Writes a product if it is newer, and notes its document. Returns why it can never be taken, or null.</summary>
    public string? Put(Product product, Dictionary<int, Doc?> changes)
    {
        if (!ProductName.TryParse(product.Name, out var id)) return $"\"{product.Name}\" is not the name of a product.";
        if (product.Version <= 0) return "It has no version.";
        var (row, version, held) = Find(id);
        if (version >= product.Version) return null;
        if (changes.ContainsKey(row)) throw new ArgumentException($"{product.Name} comes twice.", nameof(product));

        var deleted = product.State == Product.Types.State.Deleted;
        Doc? doc = null;
        try
        {
            if (!deleted) doc = new Doc(product, IndexedText.CountWords(product.Title), terms);
        }
        catch (Exception exception) when (exception is OverflowException or InvalidOperationException or ArgumentException)
        {
            return exception.Message;
        }

        var body = product.ToByteArray();
        if (row == 0) _insert.Bind(1, row = NextRow++).Bind(2, id).Bind(3, product.Version).Bind(4, deleted ? 1 : 0).BindBlob(5, body).Run();
        else _update.Bind(1, row).Bind(2, product.Version).Bind(3, deleted ? 1 : 0).BindBlob(4, body).Run();
        changes.Add(row, doc);
        // Prices and stocks change often, words rarely.
        if (held is null || deleted || !IndexedText.Same(held, product)) _words.Add((row, Remove: held is not null, Add: deleted ? null : product));
        return null;
    }

    /// <summary>
    /// Writes the words of what was put. Last, and in the order of the rows: the full text index gathers words in memory as long as rows go up and
    /// nothing is removed, else it writes a segment for every product. Returns how many bytes they had.
    /// </summary>
    public long PutWords()
    {
        _words.Sort((left, right) => left.Row.CompareTo(right.Row));
        foreach (var (row, remove, _) in _words)
            if (remove) _removeWords.Bind(1, row).Run();
        var bytes = 0L;
        foreach (var (row, _, product) in _words)
        {
            if (product is null) continue;
            _text.Set(product);
            _addWords.Bind(1, row);
            for (var column = 0; column < Columns.Count; column++) _addWords.BindText(column + 2, _text.Column(column));
            _addWords.Run();
            vocabulary.Add(_text.Words);
            bytes += _text.Bytes;
        }
        return bytes;
    }

    // Row 0, version 0 if it is not there; no product if it is deleted.
    private (int Row, long Version, Product? Held) Find(string id)
    {
        _find.Bind(1, id);
        if (!_find.Step()) return (0, 0, null);
        try
        {
            return ((int)_find.Long(0), _find.Long(1), _find.Long(2) == 0 ? Product.Parser.ParseFrom(_find.Blob(3)) : null);
        }
        finally
        {
            _find.Reset();
        }
    }
}
