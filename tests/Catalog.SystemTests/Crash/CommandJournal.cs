using System.Collections.Concurrent;
using System.Globalization;
using Catalog.V1;
using Google.Protobuf;
using Status = Google.Rpc.Status;

namespace Catalog.SystemTests.Crash;

/// <summary>A command that a client sent, and what it was told.</summary>
internal sealed class SentCommand(string requestId, IMessage request)
{
    private readonly Lock _gate = new();

    public string RequestId { get; } = requestId;

    public IMessage Request { get; } = request;

    /// <summary>The receipt, if one was given.</summary>
    public CommandReceipt? Receipt { get; private set; }

    /// <summary>Whether an attempt was never answered, so that nobody knows.</summary>
    public bool IsUnknown { get; private set; }

    public void Acknowledged(CommandReceipt receipt)
    {
        lock (_gate)
        {
            // G4: once and for all.
            if (Receipt is not null) Assert.Equal(Receipt, receipt);
            Receipt = receipt;
            IsUnknown = false;
        }
    }

    public void Refused(Status error)
    {
        Assert.True(error.Code is 5 or 6 or 8 or 9 or 10, $"{Request} was answered {error}");
    }

    public void Unanswered()
    {
        lock (_gate) IsUnknown = Receipt is null;
    }

    /// <summary>What is told to the one who repeats it.</summary>
    public void Settled()
    {
        lock (_gate) IsUnknown = false;
    }
}

/// <summary>A row that an importer sent, and what it was told.</summary>
internal sealed class SentRow(ImportRow row)
{
    public ImportRow Row { get; } = row;

    public ImportRowResult? Result { get; set; }
}

/// <summary>All that was sent: the model that the catalog is held to.</summary>
internal sealed class CommandJournal
{
    private long _serial;

    public ConcurrentDictionary<string, SentCommand> Commands { get; } = new(StringComparer.Ordinal);

    public ConcurrentDictionary<string, SentRow> Rows { get; } = new(StringComparer.Ordinal);

    /// <summary>The newest etag that anyone was told of each product.</summary>
    public ConcurrentDictionary<string, string> Etags { get; } = new(StringComparer.Ordinal);

    /// <summary>The newest receipt of each product.</summary>
    public ConcurrentDictionary<string, CommandReceipt> Written { get; } = new(StringComparer.Ordinal);

    /// <summary>Products that somebody wanted to delete.</summary>
    public ConcurrentDictionary<string, bool> Deleted { get; } = new(StringComparer.Ordinal);

    /// <summary>The place of a row in the order in which rows were sent.</summary>
    public static long SerialOf(SentRow sent) => long.Parse(sent.Row.Title["row-".Length..], CultureInfo.InvariantCulture);

    public long Next() => Interlocked.Increment(ref _serial);

    /// <summary>Notes a command before it is sent, under the request id that it holds.</summary>
    public SentCommand Note(string requestId, IMessage request)
    {
        if (request is DeleteProductRequest delete) Deleted[delete.Name] = true;
        return Commands[requestId] = new SentCommand(requestId, request);
    }

    public void Acknowledged(SentCommand sent, CommandReceipt receipt)
    {
        sent.Acknowledged(receipt);
        Etags[receipt.Name] = receipt.Etag;
        Written.AddOrUpdate(receipt.Name, receipt, (_, held) => held.Version > receipt.Version ? held : receipt);
    }
}
