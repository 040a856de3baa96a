using Catalog.SqlServer;
using Dapper;
using Microsoft.Data.SqlClient;
using Microsoft.Extensions.Logging.Abstractions;

namespace Catalog.Tests.SqlServer;

/// <summary>A schema of a test's own on the server that TEST_SQLSERVER names; dropped at the end.</summary>
internal sealed class TestSchema : IAsyncDisposable
{
    /// <summary>One after the other: an open transaction of one test holds back what readers of the log may see in every schema of the database.</summary>
    public const string Server = "SQL Server";

    private TestSchema(string server) => Options = new SqlServerOptions { ConnectionString = server, Schema = $"test_{Guid.NewGuid():n}" };

    public SqlServerOptions Options { get; }

    /// <summary>An empty schema; skips the test where there is no server.</summary>
    public static TestSchema Create()
    {
        var server = Environment.GetEnvironmentVariable("TEST_SQLSERVER");
        Assert.SkipWhen(string.IsNullOrEmpty(server), "TEST_SQLSERVER (a connection string) is not set");
        return new TestSchema(server!);
    }

    /// <summary>A schema with its tables.</summary>
    public static async Task<TestSchema> MigrateAsync()
    {
        var schema = Create();
        await new SqlServerMigrator(new SqlServerDatabase(schema.Options, NullLogger<SqlServerDatabase>.Instance)).MigrateAsync(default);
        return schema;
    }

    public async Task<SqlConnection> ConnectAsync()
    {
        var connection = new SqlConnection(Options.Connection().ToString());
        await connection.OpenAsync();
        return connection;
    }

    public async ValueTask DisposeAsync()
    {
        await using var connection = await ConnectAsync();
        var tables = await connection.QueryAsync<string>("SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = @schema", new { schema = Options.Schema });
        foreach (var table in tables) await connection.ExecuteAsync($"DROP TABLE [{Options.Schema}].[{table}]");
        await connection.ExecuteAsync($"DROP SCHEMA [{Options.Schema}]");
    }
}
