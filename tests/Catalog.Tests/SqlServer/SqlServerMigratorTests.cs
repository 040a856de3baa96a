using Catalog.Commands;
using Catalog.SqlServer;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;

namespace Catalog.Tests.SqlServer;

[Collection(TestSchema.Server)]
public sealed class SqlServerMigratorTests
{
    [Fact]
    public async Task Two_that_migrate_at_once_migrate_once_and_the_database_is_reached_then()
    {
        await using var schema = TestSchema.Create();
        var database = new SqlServerDatabase(schema.Options, NullLogger<SqlServerDatabase>.Instance);
        Assert.False(await database.IsReachedAsync(default));

        var applied = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => new SqlServerMigrator(database).MigrateAsync(default)));

        Assert.Equal(SqlServerMigrator.Newest, applied.Sum());
        Assert.True(await database.IsReachedAsync(default));
        Assert.Equal(0, await new SqlServerMigrator(database).MigrateAsync(default));
    }

    [Fact]
    public async Task The_schema_of_a_newer_build_is_not_touched_and_can_be_served_from()
    {
        await using var schema = await TestSchema.MigrateAsync();
        await using var connection = await schema.ConnectAsync();
        await connection.ExecuteAsync($"INSERT INTO [{schema.Options.Schema}].migrations (version) VALUES (99)");
        var database = new SqlServerDatabase(schema.Options, NullLogger<SqlServerDatabase>.Instance);

        var error = await Assert.ThrowsAsync<CommandStoreException>(() => new SqlServerMigrator(database).MigrateAsync(default));

        Assert.Contains("newer build", error.Message, StringComparison.Ordinal);
        Assert.True(await database.IsReachedAsync(default));
    }

    [Fact]
    public async Task A_database_without_tables_says_that_they_must_be_migrated()
    {
        await using var schema = await TestSchema.MigrateAsync();
        await using var connection = await schema.ConnectAsync();
        await connection.ExecuteAsync($"DROP TABLE [{schema.Options.Schema}].log");
        await using var services = SqlServerCommandStoreTests.Services(schema.Options);

        var log = (Catalog.Projections.IEventLog)services.GetService(typeof(Catalog.Projections.IEventLog))!;
        var error = await Assert.ThrowsAsync<CommandStoreException>(async () => await log.GetBoundsAsync(default));

        Assert.Contains("Run the verb \"migrate\"", error.Message, StringComparison.Ordinal);
    }
}
