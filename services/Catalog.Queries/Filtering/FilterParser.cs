using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Catalog.Queries.Filtering;

/// <summary>
/// Reads an AIP-160 filter (https://google.aip.dev/160). OR binds tighter than AND, and restrictions that merely follow one another are AND-ed.
/// </summary>
/// <remarks>
/// A recursive descent whose depth, size and number of restrictions are bounded. Parentheses that people wrote stay in the tree as they are.
/// </remarks>
internal sealed class FilterParser
{
    /// <summary>The longest filter, in bytes of UTF-8.</summary>
    public const int MaxBytes = 8 * 1024;

    /// <summary>
    /// How deep parentheses and negations may be nested. Each may hold an AND of ORs, and of these Elasticsearch takes 30 within one another.
    /// </summary>
    public const int MaxDepth = 12;

    /// <summary>How many restrictions there may be.</summary>
    public const int MaxRestrictions = 200;

    // The longer ones first. No comparison is the `:` operator.
    private static readonly (string Sign, Comparison? Comparison)[] Operators =
    [
        (":", null), ("!=", Comparison.NotEquals), ("<=", Comparison.LessOrEqual), (">=", Comparison.GreaterOrEqual), ("<", Comparison.Less),
        (">", Comparison.Greater), ("=", Comparison.Equals),
    ];

    private readonly FilterScanner _scanner;
    private int _restrictions;

    private FilterParser(FilterScanner scanner) => _scanner = scanner;

    /// <summary>Reads a filter; an empty one is null. False if there is something wrong with it, and what.</summary>
    public static bool TryParse(string filter, out FilterExpression? expression, [NotNullWhen(false)] out string? problem)
    {
        expression = null;
        problem = null;
        if (string.IsNullOrWhiteSpace(filter)) return true;
        if (Encoding.UTF8.GetByteCount(filter) > MaxBytes)
        {
            problem = $"longer than {MaxBytes:N0} bytes";
            return false;
        }
        var scanner = new FilterScanner(filter);
        if (filter.Contains('\0')) scanner.Fail(filter.IndexOf('\0'), "a NUL character");
        var parser = new FilterParser(scanner);
        if (scanner.Problem is null) expression = parser.Conjunction(0);
        if (scanner.Problem is null && !scanner.AtEnd) scanner.Fail(scanner.Position, $"expected AND, OR or the end, found {scanner.Describe()}");
        problem = scanner.Problem;
        if (problem is not null) expression = null;
        return problem is null;
    }

    // Up to the end or a closing parenthesis.
    private FilterExpression? Conjunction(int depth)
    {
        List<FilterExpression> terms = [];
        do
        {
            if (Disjunction(depth) is not { } term) return null;
            terms.Add(term);
            if (_scanner.TryKeyword("AND")) continue;
            if (_scanner.AtEnd || _scanner.Next == ')') return terms is [var only] ? only : new FilterExpression.And(terms);
        } while (true);
    }

    private FilterExpression? Disjunction(int depth)
    {
        List<FilterExpression> terms = [];
        do
        {
            if (Term(depth) is not { } term) return null;
            terms.Add(term);
            _scanner.SkipSpace();
        } while (_scanner.TryKeyword("OR"));
        return terms is [var only] ? only : new FilterExpression.Or(terms);
    }

    private FilterExpression? Term(int depth)
    {
        _scanner.SkipSpace();
        var start = _scanner.Position;
        if (_scanner.TryTake("-") || _scanner.TryKeyword("NOT"))
            return Deeper(start, depth) && Term(depth + 1) is { } negated ? new FilterExpression.Not(negated) : null;
        if (!_scanner.TryTake("(")) return Restriction();
        if (!Deeper(start, depth) || Conjunction(depth + 1) is not { } inner) return null;
        if (_scanner.TryTake(")")) return inner;
        _scanner.Fail(start, "this parenthesis is never closed");
        return null;
    }

    private bool Deeper(int at, int depth)
    {
        if (depth < MaxDepth) return true;
        _scanner.Fail(at, $"nested more than {MaxDepth} levels deep");
        return false;
    }

    private FilterExpression? Restriction()
    {
        var start = _scanner.Position;
        if (!StartsRestriction(start)) return null;
        if (++_restrictions > MaxRestrictions)
        {
            _scanner.Fail(start, $"more than {MaxRestrictions} restrictions");
            return null;
        }
        if (FieldPath.Read(_scanner) is not { } field) return null;
        _scanner.SkipSpace();
        var operatorAt = _scanner.Position;
        if (!TryOperator(out var comparison)) return null;
        _scanner.SkipSpace();
        return Value() is { } value ? FilterRestriction.Build(_scanner, field, comparison, operatorAt, value) : null;
    }

    // Tells people who search with the filter, or write and for AND, what to do instead, before they are told of an unknown field.
    private bool StartsRestriction(int start)
    {
        if (_scanner.Next is '"' or '\'' or '`')
        {
            if (_scanner.TryTakeQuoted(out _))
                _scanner.Fail(start, "expected a restriction such as `brand = \"Acme\"`, found a text alone; to search for words use `query`");
            return false;
        }
        var found = _scanner.Describe();
        if (_scanner.TryKeyword("AND") || _scanner.TryKeyword("OR") || _scanner.TakeName(dashes: true) is not { Length: > 0 } word)
        {
            _scanner.Fail(start, $"expected a restriction such as `brand = \"Acme\"`, found {found}");
            return false;
        }
        if (_scanner.Next == '(')
        {
            _scanner.Fail(start, $"functions such as {found} are not supported");
            return false;
        }
        _scanner.SkipSpace();
        if (_scanner.Next is not ('.' or ':' or '=' or '<' or '>' or '!' or '~'))
        {
            _scanner.Fail(start, word is "and" or "or" or "not"
                ? $"expected a restriction, found {found}; AND, OR and NOT are written in capitals"
                : $"expected a restriction such as `brand = \"Acme\"`, found the word {found} alone; to search for words use `query`");
            return false;
        }
        _scanner.Position = start;
        return true;
    }

    private bool TryOperator(out Comparison? comparison)
    {
        foreach (var (sign, meaning) in Operators)
        {
            comparison = meaning;
            if (_scanner.TryTake(sign)) return true;
        }
        comparison = null;
        _scanner.Fail(_scanner.Position, $"expected one of = != < <= > >= : after the field, found {_scanner.Describe()}");
        return false;
    }

    private FilterValue? Value()
    {
        var start = _scanner.Position;
        if (_scanner.Next is '"' or '\'')
        {
            if (!_scanner.TryTakeQuoted(out var quoted)) return null;
            return Ends() ? new FilterValue(quoted, Quoted: true, start) : null;
        }
        if (_scanner.Next == '(')
        {
            _scanner.Fail(start, "expected one value; write (a = 1 OR a = 2) for several");
            return null;
        }
        var found = _scanner.Describe();
        var bare = _scanner.TakeBareValue();
        if (bare is "" or "AND" or "OR" or "NOT")
        {
            _scanner.Fail(start, $"expected a value, found {found}");
            return null;
        }
        return Ends() ? new FilterValue(bare, Quoted: false, start) : null;
    }

    private bool Ends()
    {
        if (_scanner.AtEnd || _scanner.Next == ')' || char.IsWhiteSpace(_scanner.Next)) return true;
        _scanner.Fail(_scanner.Position, $"expected a space after the value, found {_scanner.Describe()}; a value with such characters is quoted");
        return false;
    }
}

/// <summary>A value as it stands in the filter.</summary>
internal readonly record struct FilterValue(string Text, bool Quoted, int At)
{
    /// <summary>Whether it is the <c>*</c> that asks whether there is a value.</summary>
    public bool IsStar => !Quoted && string.Equals(Text, "*", StringComparison.Ordinal);
}
