using Microsoft.SqlServer.TransactSql.ScriptDom;

namespace Catalog.Tests.SqlServer;

/// <summary>Takes a statement through SQL Server's own parser and looks for what no statement of the adapter may contain.</summary>
internal sealed class StatementRules : TSqlFragmentVisitor
{
    private readonly List<string> _problems = [];

    // What is not committed may be skipped where only that is looked for which nobody reads yet.
    private readonly HashSet<TableHint> _beyondTheMark = [];

    public static IReadOnlyList<string> Check(string sql)
    {
        // SQL Server 2019, the oldest that is supported.
        var parsed = new TSql150Parser(initialQuotedIdentifiers: true).Parse(new StringReader(sql), out var errors);
        if (errors.Count > 0) return errors.Select(e => $"{e.Line}: {e.Message}").ToList();
        var rules = new StatementRules();
        parsed.Accept(rules);
        return rules._problems;
    }

    public override void Visit(MergeSpecification node) => Refuse("MERGE deadlocks on different rows");

    public override void Visit(SelectStarExpression node) => Refuse("SELECT * changes with the table");

    public override void Visit(ExecutableStringList node) => Refuse("a text is executed");

    public override void Visit(NamedTableReference node) => RequireSchema(node.SchemaObject);

    public override void Visit(CreateTableStatement node) => RequireSchema(node.SchemaObjectName);

    public override void Visit(CreateIndexStatement node) => RequireSchema(node.OnName);

    public override void Visit(ProcedureReference node) => RequireSchema(node.Name);

    public override void Visit(TableHint node)
    {
        if (node.HintKind is TableHintKind.NoLock or TableHintKind.ReadUncommitted or TableHintKind.ReadPast && !_beyondTheMark.Contains(node)) Refuse($"{node.HintKind} skips or invents rows");
    }

    public override void Visit(BooleanComparisonExpression node)
    {
        // What the server says of itself is compared with words of the server.
        if (node.SecondExpression is StringLiteral && node.FirstExpression is FunctionCall { FunctionName.Value: "DATABASEPROPERTYEX" }) return;
        if (node.FirstExpression is StringLiteral || node.SecondExpression is StringLiteral) Refuse("a value is no parameter");
    }

    public override void Visit(ValuesInsertSource node)
    {
        if (node.RowValues.SelectMany(r => r.ColumnValues).Any(v => v is StringLiteral)) Refuse("a value is no parameter");
    }

    public override void Visit(QuerySpecification node)
    {
        if (node.WhereClause?.SearchCondition is BooleanComparisonExpression { ComparisonType: BooleanComparisonType.GreaterThanOrEqualTo, SecondExpression: VariableReference { Name: "@mark" } })
            _beyondTheMark.UnionWith(node.FromClause.TableReferences.OfType<NamedTableReference>().SelectMany(t => t.TableHints));
        var calls = new Calls();
        node.Accept(calls);
        if (calls.Names.Contains("MIN_ACTIVE_ROWVERSION")) Refuse("MIN_ACTIVE_ROWVERSION() is read together with the rows that it is to be older than");
    }

    public override void Visit(UpdateSpecification node)
    {
        if (IsEvents(node.Target)) Refuse("an event is changed");
    }

    public override void Visit(TSqlBatch node)
    {
        var reads = new LogReads();
        node.Accept(reads);
        if (reads is { OfEvents: true, UpToTheMark: false }) Refuse("events are read beyond what may still be committed before them");
        var (abortsOnErrors, open) = (false, false);
        foreach (var statement in node.Statements)
        {
            switch (statement)
            {
                case PredicateSetStatement { IsOn: true } set when set.Options.HasFlag(SetOptions.XactAbort):
                    abortsOnErrors = true;
                    break;
                case BeginTransactionStatement:
                    if (!abortsOnErrors) Refuse("a transaction begins without XACT_ABORT");
                    open = true;
                    break;
                case CommitTransactionStatement:
                    open = false;
                    break;
                case SelectStatement { QueryExpression: QuerySpecification query } when open && !query.SelectElements.All(e => e is SelectSetVariable):
                    Refuse("an answer leaves before the commit and would hide its failure");
                    break;
            }
        }
        if (open) Refuse("a transaction stays open");
    }

    private void RequireSchema(SchemaObjectName name)
    {
        if (name.SchemaIdentifier is null) Refuse($"{name.BaseIdentifier.Value} has no schema");
    }

    private void Refuse(string problem) => _problems.Add(problem);

    private static bool IsEvents(TableReference table) => table is NamedTableReference { SchemaObject.BaseIdentifier.Value: "events" };

    private sealed class LogReads : TSqlFragmentVisitor
    {
        public bool OfEvents { get; private set; }

        public bool UpToTheMark { get; private set; }

        public override void Visit(QuerySpecification node) => OfEvents |= node.FromClause?.TableReferences.Any(IsEvents) == true;

        public override void Visit(BooleanComparisonExpression node) => UpToTheMark |= node.SecondExpression is VariableReference { Name: "@mark" }
            && node.ComparisonType is BooleanComparisonType.LessThan or BooleanComparisonType.GreaterThanOrEqualTo;
    }

    private sealed class Calls : TSqlFragmentVisitor
    {
        public HashSet<string> Names { get; } = new(StringComparer.OrdinalIgnoreCase);

        public override void Visit(FunctionCall node) => Names.Add(node.FunctionName.Value);
    }
}
