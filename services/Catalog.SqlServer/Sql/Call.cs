using System.Data;
using Microsoft.Data.SqlClient;

namespace Catalog.SqlServer.Sql;

/// <summary>A statement with its parameters, which is sent by itself or together with others in one round trip.</summary>
/// <remarks>
/// Each parameter has the type and length of its column, never of its value: the server keeps one plan for each statement, and converts no column to compare it.
/// </remarks>
internal sealed class Call(string text)
{
    private readonly List<SqlParameter> _parameters = [];

    public Call Ascii(string name, string? value, int length) => Add(name, SqlDbType.VarChar, length, value);

    public Call Binary(string name, byte[]? value, int length) => Add(name, SqlDbType.VarBinary, length, value);

    public Call Hash(string name, byte[]? value) => Add(name, SqlDbType.Binary, 32, value);

    public Call Number(string name, long? value) => Add(name, SqlDbType.BigInt, 0, value);

    public Call Time(string name, DateTimeOffset? value) => Add(name, SqlDbType.DateTime2, 0, value?.UtcDateTime);

    public SqlCommand On(SqlConnection connection)
    {
        var command = new SqlCommand(text, connection);
        foreach (var parameter in _parameters) command.Parameters.Add(parameter);
        return command;
    }

    public SqlBatchCommand InBatch() => InBatch("");

    /// <summary>As one of several that are all written or none: it does nothing but fail once the transaction is gone.</summary>
    public SqlBatchCommand InGroup() => InBatch(Statements.OnlyInTransaction);

    private SqlBatchCommand InBatch(string before)
    {
        var command = new SqlBatchCommand(before + text);
        foreach (var parameter in _parameters) command.Parameters.Add(parameter);
        return command;
    }

    private Call Add(string name, SqlDbType type, int length, object? value)
    {
        _parameters.Add(new SqlParameter(name, type, length) { Value = value ?? DBNull.Value });
        return this;
    }
}
