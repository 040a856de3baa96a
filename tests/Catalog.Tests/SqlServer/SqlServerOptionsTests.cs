using Catalog.SqlServer;
using Microsoft.Data.SqlClient;

namespace Catalog.Tests.SqlServer;

public sealed class SqlServerOptionsTests
{
    private const string Server = "Server=db;Database=shop;User ID=app;Password=s3cret";

    [Fact]
    public void A_server_and_a_database_are_all_that_must_be_set() =>
        Assert.Empty(new SqlServerOptions { ConnectionString = Server }.Problems());

    [Theory]
    [InlineData("", "must be set")]
    [InlineData("Server=db", "must name a Database")]
    [InlineData("Database=shop", "must name a Server")]
    [InlineData("Server=db;Database=shop;Password=ab;s3cret=x", "cannot be read")]
    public void A_connection_string_that_cannot_work_is_refused_without_being_quoted(string connectionString, string problem)
    {
        var found = Assert.Single(new SqlServerOptions { ConnectionString = connectionString }.Problems());
        Assert.Contains(problem, found, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", found, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("1st")]
    [InlineData("a-b")]
    [InlineData("a]; DROP TABLE x; --")]
    [InlineData("catalog\n")]
    [InlineData("катало́г")]
    public void A_schema_that_is_no_plain_identifier_is_refused(string schema) =>
        Assert.Contains("Schema", Assert.Single(new SqlServerOptions { ConnectionString = Server, Schema = schema }.Problems()), StringComparison.Ordinal);

    [Fact]
    public void All_problems_are_told_at_once() =>
        Assert.Equal(6, new SqlServerOptions
        {
            ConnectionString = Server, MaxWaiting = 0, MaxConcurrency = 0, MaxAttempts = 0, EventRetention = TimeSpan.FromTicks(-1), ReceiptRetention = TimeSpan.FromHours(23), Schema = "",
        }.Problems().Count());

    [Fact]
    public void What_a_connection_string_leaves_out_gets_a_default_that_suits_a_service()
    {
        var connection = new SqlServerOptions { ConnectionString = Server, MaxConcurrency = 100 }.Connection();
        Assert.Equal((SqlConnectionEncryptOption.Mandatory, false, "catalog", 3, false, 120, PoolBlockingPeriod.NeverBlock, 300),
            (connection.Encrypt, connection.TrustServerCertificate, connection.ApplicationName, connection.ConnectRetryCount, connection.MultipleActiveResultSets, connection.MaxPoolSize,
            connection.PoolBlockingPeriod, connection.LoadBalanceTimeout));
    }

    [Fact]
    public void What_a_connection_string_says_is_kept()
    {
        var connection = new SqlServerOptions { ConnectionString = Server + ";Encrypt=Strict;App=other;Connect Retry Count=0;Max Pool Size=7;Command Timeout=99" }.Connection();
        Assert.Equal((SqlConnectionEncryptOption.Strict, "other", 0, 7, 99),
            (connection.Encrypt, connection.ApplicationName, connection.ConnectRetryCount, connection.MaxPoolSize, connection.CommandTimeout));
    }
}
