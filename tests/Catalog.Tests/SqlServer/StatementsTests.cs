using System.Runtime.CompilerServices;
using Catalog.SqlServer;
using Catalog.SqlServer.Sql;

namespace Catalog.Tests.SqlServer;

/// <summary>Every statement that the adapter can send, as SQL Server's own parser understands it.</summary>
public sealed class StatementsTests
{
    public static TheoryData<string> Names => [.. typeof(Statements).GetProperties().Where(p => p.PropertyType == typeof(string)).Select(p => p.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_statement_is_valid_and_safe(string name) =>
        Assert.Empty(StatementRules.Check((string)typeof(Statements).GetProperty(name)!.GetValue(new Statements("catalog"))!));

    [Fact]
    public void A_write_of_a_group_is_valid_and_does_nothing_once_the_transaction_is_gone()
    {
        var sql = new Statements("catalog");
        Assert.All([sql.Create, sql.Change, sql.KeepReceipt], write =>
        {
            var inGroup = new Call(write).InGroup().CommandText;
            Assert.Empty(StatementRules.Check(inGroup));
            Assert.Matches(@"\AIF @@TRANCOUNT = 0 THROW \d+, '[^']+', 1;\s", inGroup);
        });
    }

    [Fact]
    public void What_reads_the_log_or_the_products_as_a_whole_never_reads_a_copy()
    {
        var sql = new Statements("catalog");
        Assert.All([sql.ReadBounds, sql.ReadEvents, sql.ReadRelay, sql.ReadProducts, sql.TrimEvents], statement =>
            Assert.Matches(@"\A(SET [^;]*;\s+)?IF DATABASEPROPERTYEX\(DB_NAME\(\), 'Updateability'\) <> N'READ_WRITE' THROW 50003, '[^']+', 1;\s", statement));
    }

    [Fact]
    public void There_is_no_statement_besides_these()
    {
        var project = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "..", "..", "..", "services", "Catalog.SqlServer"));
        var sources = Directory.GetFiles(project, "*.cs", SearchOption.AllDirectories).Where(f => !f.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}")
            && Path.GetDirectoryName(f) != Path.Combine(project, "Sql")).ToList();
        Assert.NotEmpty(sources);
        Assert.All(sources, source => Assert.DoesNotMatch("\"(SELECT|INSERT|UPDATE|DELETE|MERGE|EXEC|SET|DECLARE|BEGIN|IF|WITH|ALTER|CREATE|DROP) ", File.ReadAllText(source)));
    }

    private static string Here([CallerFilePath] string path = "") => path;

    [Fact]
    public void Every_migration_is_valid_and_safe()
    {
        var scripts = SqlServerMigrator.Scripts("catalog");
        Assert.NotEmpty(scripts);
        Assert.All(scripts, script => Assert.Empty(StatementRules.Check(script)));
        Assert.All(scripts, script => Assert.DoesNotContain("$(", script, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("SELECT id FROM WHERE;", "Incorrect syntax")]
    [InlineData("SELECT * FROM catalog.log;", "SELECT *")]
    [InlineData("SELECT id FROM log;", "no schema")]
    [InlineData("SELECT id FROM catalog.log WITH (NOLOCK);", "NoLock")]
    [InlineData("SELECT id FROM catalog.products WHERE sku = 'LAMP';", "no parameter")]
    [InlineData("INSERT INTO catalog.products (sku) VALUES ('LAMP');", "no parameter")]
    [InlineData("EXECUTE ('SELECT 1');", "a text is executed")]
    [InlineData("MERGE catalog.log AS t USING catalog.relay AS s ON t.one = s.one WHEN MATCHED THEN DELETE;", "MERGE")]
    [InlineData("SELECT body FROM catalog.events WHERE position < MIN_ACTIVE_ROWVERSION();", "together with the rows")]
    [InlineData("SELECT body FROM catalog.events WHERE position > @after;", "may still be committed")]
    [InlineData("SELECT TOP (1) id FROM (SELECT id FROM catalog.events WHERE position <> @mark) AS rest;", "may still be committed")]
    [InlineData("SELECT id FROM catalog.events WITH (READPAST) WHERE position < @mark;", "skips or invents rows")]
    [InlineData("UPDATE catalog.events SET body = @body;", "an event is changed")]
    [InlineData("BEGIN TRANSACTION; DELETE FROM catalog.events; COMMIT TRANSACTION;", "without XACT_ABORT")]
    [InlineData("SET XACT_ABORT ON; BEGIN TRANSACTION; DELETE FROM catalog.events;", "stays open")]
    [InlineData("SET XACT_ABORT ON; BEGIN TRANSACTION; SELECT id FROM catalog.log; COMMIT TRANSACTION;", "before the commit")]
    public void The_rules_see_what_they_are_for(string sql, string problem) =>
        Assert.Contains(StatementRules.Check(sql), p => p.Contains(problem, StringComparison.Ordinal));
}
