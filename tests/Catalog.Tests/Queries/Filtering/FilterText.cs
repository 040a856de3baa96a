using System.Globalization;
using System.Text;
using Catalog.Queries.Filtering;
using Catalog.V1;
using State = Catalog.V1.Product.Types.State;

namespace Catalog.Tests.Queries.Filtering;

/// <summary>Writes expressions: as a filter that people could have typed, and as a dump that shows every node.</summary>
internal static class FilterText
{
    public static string Print(FilterExpression expression) => expression switch
    {
        FilterExpression.And and => string.Join(" AND ", and.Terms.Select(term => term is FilterExpression.And ? $"({Print(term)})" : Print(term))),
        FilterExpression.Or or => string.Join(" OR ", or.Terms.Select(term => term is FilterExpression.And or FilterExpression.Or ? $"({Print(term)})" : Print(term))),
        FilterExpression.Not { Term: FilterExpression.And or FilterExpression.Or } not => $"NOT ({Print(not.Term)})",
        FilterExpression.Not { Term: FilterExpression.Compare } not => $"-{Print(not.Term)}",
        FilterExpression.Not not => $"NOT {Print(not.Term)}",
        FilterExpression.Present present => $"{Path(present.Field)}:*",
        FilterExpression.Has has => $"{Path(has.Field)}:{Quote(has.Value)}",
        FilterExpression.Compare compare => $"{Path(compare.Field)} {Sign(compare.Comparison)} {Value(compare.Field.Kind, compare.Value)}",
        _ => throw new ArgumentOutOfRangeException(nameof(expression)),
    };

    public static string Dump(FilterExpression? expression) => expression switch
    {
        null => "nothing",
        FilterExpression.And and => $"And({string.Join(", ", and.Terms.Select(Dump))})",
        FilterExpression.Or or => $"Or({string.Join(", ", or.Terms.Select(Dump))})",
        FilterExpression.Not not => $"Not({Dump(not.Term)})",
        FilterExpression.Present present => $"Present({Dump(present.Field)})",
        FilterExpression.Has has => $"Has({Dump(has.Field)}, {Quote(has.Value)})",
        FilterExpression.Compare { Value: string text } compare => $"{Dump(compare.Field)} {compare.Comparison} {Quote(text)}",
        FilterExpression.Compare compare => string.Create(CultureInfo.InvariantCulture, $"{Dump(compare.Field)} {compare.Comparison} {compare.Value}"),
        _ => throw new ArgumentOutOfRangeException(nameof(expression)),
    };

    public static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
        {
            _ = c switch
            {
                '\\' or '"' => quoted.Append('\\').Append(c),
                '\n' => quoted.Append("\\n"),
                _ => quoted.Append(c),
            };
        }
        return quoted.Append('"').ToString();
    }

    private static string Dump(Field field) => field.Key.Length == 0 ? field.Kind.ToString() : $"{field.Kind}[{Quote(field.Key)}]";

    private static string Path(Field field) => field.Kind == FieldKind.Attribute ? $"attributes.{Quote(field.Key)}" : FieldPath.NameOf(field.Kind);

    private static string Value(FieldKind kind, object value) => (kind, value) switch
    {
        (FieldKind.Price, long nanos) => ((decimal)nanos / Amount.NanosPerUnit).ToString(CultureInfo.InvariantCulture),
        (FieldKind.CreateTime or FieldKind.UpdateTime, long ticks) => new DateTime(ticks, DateTimeKind.Utc).ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture),
        (_, long number) => number.ToString(CultureInfo.InvariantCulture),
        (_, State state) => state.ToString().ToUpperInvariant(),
        (_, string text) => Quote(text),
        _ => throw new ArgumentOutOfRangeException(nameof(value)),
    };

    private static string Sign(Comparison comparison) => comparison switch
    {
        Comparison.Equals => "=",
        Comparison.NotEquals => "!=",
        Comparison.Less => "<",
        Comparison.LessOrEqual => "<=",
        Comparison.Greater => ">",
        _ => ">=",
    };
}
