using Catalog.SqlServer;
using Catalog.SqlServer.Commands;
using Catalog.V1;
using Google.Protobuf;
using Microsoft.Data.SqlClient;

namespace Catalog.Tests.SqlServer;

public sealed class SqlServerFaultTests
{
    private static readonly SqlConnectionStringBuilder Connection = new("Server=db.example;Database=shop;User ID=app;Password=s3cret");

    [Theory]
    [InlineData(18456, "Check user and password")]
    [InlineData(4060, "database shop at db.example cannot be opened")]
    [InlineData(229, "SELECT, INSERT, UPDATE and DELETE")]
    [InlineData(208, "Run the verb \"migrate\"")]
    [InlineData(9002, "Free some space")]
    [InlineData(1105, "Free some space")]
    [InlineData(1205, "Repeat the command")]
    [InlineData(-2, "did not answer in time")]
    [InlineData(40613, "shop at db.example cannot be reached")]
    [InlineData(3906, "read-only")]
    [InlineData(50003, "read-only")]
    public void A_failure_is_explained_with_what_to_do(int number, string explanation)
    {
        var explained = SqlServerFault.Explain(number, "the server's words", Connection);
        Assert.Contains(explanation, explained, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", explained, StringComparison.Ordinal);
    }

    [Fact]
    public void A_product_that_is_damaged_is_told_and_not_read_again()
    {
        var damage = Assert.Throws<InvalidProtocolBufferException>(() => Product.Parser.ParseFrom(new byte[] { 0xff }));
        Assert.False(damage.IsTransient());
        Assert.Contains("a product in it cannot be read", SqlServerFault.Explain(new DefectException(damage), Connection), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1205)]
    [InlineData(1222)]
    [InlineData(40613)]
    [InlineData(40197)]
    [InlineData(40501)]
    [InlineData(49918)]
    [InlineData(49919)]
    [InlineData(49920)]
    [InlineData(-2)]
    [InlineData(10054)]
    [InlineData(3906)]
    [InlineData(50003)]
    public void What_passes_by_itself_is_tried_again(int number) => Assert.True(SqlServerFault.IsTransient(number));

    [Theory]
    [InlineData(18456)]
    [InlineData(4060)]
    [InlineData(229)]
    [InlineData(208)]
    [InlineData(547)]
    [InlineData(2601)]
    [InlineData(2627)]
    [InlineData(50001)]
    public void What_does_not_pass_is_not_tried_again_as_it_is(int number) => Assert.False(SqlServerFault.IsTransient(number));
}
