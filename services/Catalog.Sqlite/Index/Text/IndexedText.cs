using System.Buffers;
using System.Text;
using Catalog.Queries;
using Catalog.V1;

namespace Catalog.Sqlite.Index.Text;

/// <summary>
/// The text of a product as the full text index takes it, column by column: the terms that <see cref="Tokenizer"/> makes, with spaces between them,
/// so that every index cuts text alike. Used again for the next product.
/// </summary>
internal sealed class IndexedText
{
    /// <summary>Stands between the values of a field, where no phrase may reach across. Not a character of words, so no query holds it.</summary>
    public const char Gap = '\uE000';

    /// <summary>
    /// Begins the terms that say which letters words begin with: looking up every word that begins with a letter would take a third of a second.
    /// </summary>
    public const char Initial = '\uE001';

    private readonly ArrayBufferWriter<byte> _buffer = new(16 * 1024);
    private readonly int[] _ends = new int[Columns.Count];
    private readonly HashSet<Rune> _initials = [];
    private int _column;

    /// <summary>The words, in order, repetitions included.</summary>
    public List<string> Words { get; } = [];

    /// <summary>How long all of it is in UTF-8.</summary>
    public int Bytes => _buffer.WrittenCount;

    /// <summary>Whether two products have the same text.</summary>
    public static bool Same(Product left, Product right) =>
        left.Title == right.Title && left.Sku == right.Sku && left.Brand == right.Brand && left.Description == right.Description
        && left.Categories.Equals(right.Categories) && left.Attributes.Equals(right.Attributes);

    /// <summary>How many words a title has.</summary>
    public static int CountWords(string title) => Tokenizer.Tokens(title).Count();

    /// <summary>Takes the text of a product.</summary>
    public void Set(Product product)
    {
        _buffer.ResetWrittenCount();
        Words.Clear();
        _column = 0;
        Add(product.Title);
        End();
        Add(product.Sku);
        End();
        Add(product.Brand);
        End();
        foreach (var category in product.Categories) Add(category);
        End();
        foreach (var value in product.Attributes.Values) Add(value);
        End();
        Add(product.Description);
        End();
    }

    /// <summary>The text of a column in UTF-8, until the next product.</summary>
    public ReadOnlySpan<byte> Column(int column) => _buffer.WrittenSpan[(column == 0 ? 0 : _ends[column - 1]).._ends[column]];

    private void Add(string text)
    {
        if (text.Length == 0) return;
        if (_column > 0 && _buffer.WrittenCount > _ends[_column - 1]) Write(Gap.ToString());
        foreach (var token in Tokenizer.Tokens(text))
        {
            var term = token.Term.Length <= SearchText.MaxTerm ? token.Term : token.Term[..SearchText.MaxTerm];
            Words.Add(term);
            Rune.DecodeFromUtf16(term, out var initial, out _);
            _initials.Add(initial);
            Write(term);
        }
    }

    private void AddInitials()
    {
        foreach (var initial in _initials) Write($"{Initial}{initial}");
        _initials.Clear();
    }

    private void End()
    {
        AddInitials();
        _ends[_column++] = _buffer.WrittenCount;
    }

    private void Write(string term)
    {
        var space = _buffer.GetSpan(term.Length * 3 + 1);
        var length = Encoding.UTF8.GetBytes(term, space);
        space[length] = (byte)' ';
        _buffer.Advance(length + 1);
    }
}
