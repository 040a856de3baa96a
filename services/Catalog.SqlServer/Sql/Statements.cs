namespace Catalog.SqlServer.Sql;

/// <summary>
/// Every statement that the adapter sends, for one schema. They stand together so that a test can take each of them through SQL Server's own parser.
/// </summary>
/// <param name="schema">The schema; an identifier, as <see cref="SqlServerOptions.Problems"/> makes sure.</param>
internal sealed partial class Statements(string schema)
{
    /// <summary>What a constraint is called in the errors that it raises.</summary>
    public const string SkuIndex = "products_sku";

    /// <summary>The number of the error by which a write says that another writer was first.</summary>
    public const int WrittenMeanwhile = 50001;

    /// <summary>The number of the error by which a write of a group says that one before it failed.</summary>
    public const int TransactionGone = 50002;

    /// <summary>The error of a read that came to a copy of the database.</summary>
    public const int ReadOnly = 50003;
}
