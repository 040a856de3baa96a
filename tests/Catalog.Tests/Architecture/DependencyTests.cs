using System.Reflection;
using Catalog.Commands;
using Catalog.Projections;
using Catalog.Queries;
using NetArchTest.Rules;

namespace Catalog.Tests.Architecture;

/// <summary>Dependencies point inward: hosts → adapters → Commands, Projections, Queries → Contracts.</summary>
public sealed class DependencyTests
{
    private static readonly Assembly Commands = typeof(ICommandStore).Assembly, Projections = typeof(IEventLog).Assembly, Queries = typeof(IProductIndex).Assembly;

    public static TheoryData<string> Inner => [Commands.GetName().Name!, Projections.GetName().Name!, Queries.GetName().Name!];

    [Theory]
    [MemberData(nameof(Inner))]
    public void Commands_projections_and_queries_know_neither_one_another_nor_an_adapter_nor_a_host(string name)
    {
        var assembly = new[] { Commands, Projections, Queries }.Single(a => a.GetName().Name == name);
        var others = Inner.Select(r => r.Data).Where(other => other != name).ToArray();
        AssertNone(Types.InAssembly(assembly).ShouldNot().HaveDependencyOnAny(
            [.. others, "Catalog.Sqlite", "Catalog.SqlServer", "Catalog.Kafka", "Catalog.Elasticsearch", "Catalog.Hosting", "Microsoft.Data", "Dapper", "Confluent", "Microsoft.AspNetCore"]).GetResult());
        AssertReferences(assembly, name, "Catalog.Contracts");
    }

    [Fact]
    public void The_contract_knows_nobody() => AssertReferences(typeof(V1.Product).Assembly, "Catalog.Contracts");

    [Theory]
    [InlineData("Catalog.Sqlite")]
    [InlineData("Catalog.SqlServer")]
    [InlineData("Catalog.Kafka")]
    [InlineData("Catalog.Elasticsearch")]
    public void An_adapter_knows_neither_a_host_nor_another_adapter(string name) =>
        AssertReferences(Assembly.Load(name), name, "Catalog.Contracts", "Catalog.Commands", "Catalog.Projections", "Catalog.Queries");

    [Fact]
    public void A_decision_touches_no_clock_no_disk_no_chance_and_no_task()
    {
        var deciding = Types.InAssembly(Commands).That().HaveNameEndingWith("Decider", StringComparison.Ordinal).Or().HaveName("UpdateMask").Or().HaveName("RequestRules");
        Assert.Equal(4, deciding.GetTypes().Count());
        AssertNone(deciding.ShouldNot().HaveDependencyOnAny(
            "System.IO", "System.Threading", "System.TimeProvider", "System.DateTime", "System.DateTimeOffset", "System.Random", "System.Guid", "Microsoft.Extensions.Logging").GetResult());
    }

    // The compiler leaves a reference out that nothing uses, so this sees real use only.
    private static void AssertReferences(Assembly assembly, params string[] allowed) =>
        Assert.Empty(assembly.GetReferencedAssemblies().Select(a => a.Name!).Where(a => a.StartsWith("Catalog.", StringComparison.Ordinal) || a == "catalog").Except(allowed));

    private static void AssertNone(NetArchTest.Rules.TestResult result) => Assert.True(result.IsSuccessful, string.Join(", ", result.FailingTypeNames ?? []));
}
