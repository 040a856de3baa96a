using Catalog.Commands;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Data.SqlClient;

namespace Catalog.SqlServer.Commands;

/// <summary>What the database holds of a command: the product, the receipt, and the log's id.</summary>
internal sealed record Stored(StoredProduct? Product, StoredReceipt? Receipt, string LogId)
{
    /// <summary>Reads the three results of a load, and leaves the reader at the last of them.</summary>
    public static async Task<Stored> ReadAsync(SqlDataReader reader)
    {
        var product = await reader.ReadAsync()
            ? new StoredProduct(reader.GetInt64(0), reader.GetString(1), reader.GetInt64(2), reader.GetFieldValue<byte[]>(3))
            : null;
        await reader.NextResultAsync();
        var receipt = await reader.ReadAsync()
            ? new StoredReceipt(reader.GetFieldValue<byte[]>(0), reader.GetString(1), reader.GetInt64(2), reader.GetString(3), Time(reader.GetDateTime(4)))
            : null;
        await reader.NextResultAsync();
        await reader.ReadAsync();
        return new Stored(product, receipt, reader.GetString(0));
    }

    private static Timestamp Time(DateTime utc) => Timestamp.FromDateTime(DateTime.SpecifyKind(utc, DateTimeKind.Utc));
}

/// <summary>A product as it is stored. It is read where the command is decided, so that one which is damaged harms no neighbour.</summary>
internal sealed record StoredProduct(long Key, string Id, long Version, byte[] Body);

/// <summary>What was answered before.</summary>
internal sealed record StoredReceipt(byte[] Content, string ProductId, long Version, string Etag, Timestamp CommitTime)
{
    /// <summary>The same answer again, or the refusal where the request id was used for something else.</summary>
    public CommandOutcome Answer(RequestKey request, string logId) => Content.AsSpan().SequenceEqual(request.Content)
        ? new CommandOutcome.Committed(ProductId, Version, Etag, CommitTime, logId, Changed: false)
        : new CommandOutcome.Refused(Refusals.RequestIdReused(request.Id));
}
