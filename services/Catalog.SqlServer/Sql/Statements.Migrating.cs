namespace Catalog.SqlServer.Sql;

// The schema. The statements of the tables themselves are the numbered scripts in Migrations.
internal sealed partial class Statements
{
    /// <summary>Waits for other migrators of this schema; held until the transaction ends. Negative where that takes longer than a minute.</summary>
    public string LockMigrations { get; } = """
        DECLARE @result int;
        EXECUTE @result = sys.sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction', @LockTimeout = 60000;
        SELECT @result;
        """;

    public string FindSchema { get; } = """
        SELECT SCHEMA_ID(@schema);
        """;

    public string CreateSchema { get; } = $"""
        CREATE SCHEMA [{schema}];
        """;

    /// <summary>NULL where nothing was migrated yet.</summary>
    public string FindMigrations { get; } = $"""
        SELECT OBJECT_ID(N'[{schema}].migrations', N'U');
        """;

    public string CreateMigrations { get; } = $"""
        CREATE TABLE [{schema}].migrations (
            version    int          NOT NULL CONSTRAINT migrations_version PRIMARY KEY CLUSTERED,
            applied_at datetime2(3) NOT NULL CONSTRAINT migrations_applied_at DEFAULT SYSUTCDATETIME()
        );
        """;

    public string ReadMigrations { get; } = $"""
        SELECT ISNULL(MAX(version), 0) FROM [{schema}].migrations;
        """;

    public string AddMigration { get; } = $"""
        INSERT INTO [{schema}].migrations (version) VALUES (@version);
        """;
}
