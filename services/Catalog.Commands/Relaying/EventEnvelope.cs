using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;
using Catalog.V1;
using Google.Protobuf;

namespace Catalog.Commands.Relaying;

/// <summary>An event as it goes out: the value whole, and what routes and labels it. The product inside is not looked at.</summary>
/// <param name="Position">Its place in the log.</param>
/// <param name="ProductId">The key of the message.</param>
/// <param name="EventId">Unique to this event; CloudEvents <c>id</c>.</param>
/// <param name="Type">CloudEvents <c>type</c>: <c>catalog.v1.product.created</c> and so on.</param>
/// <param name="LogId">The event log; CloudEvents <c>source</c> is <c>/catalogs/{log id}</c>.</param>
/// <param name="Occurred">CloudEvents <c>time</c>, UTC.</param>
/// <param name="TraceParent">W3C trace context of the command; null if it had none.</param>
/// <param name="Value">The serialised <see cref="ProductEvent"/>, with its position and log id.</param>
public sealed record EventEnvelope(
    long Position, string ProductId, string EventId, string Type, string LogId, DateTimeOffset Occurred, string? TraceParent, ReadOnlyMemory<byte> Value)
{
    /// <summary>Whether it was set aside before, so that it comes behind later ones.</summary>
    public bool IsReplay { get; init; }

    // Field numbers below 16 make tags of one byte.
    private const byte LogIdTag = (ProductEvent.LogIdFieldNumber << 3) | (byte)WireFormat.WireType.LengthDelimited, PositionTag = (ProductEvent.PositionFieldNumber << 3) | (byte)WireFormat.WireType.Varint;
    private static readonly Dictionary<int, string> Types = ProductEvent.Descriptor.Oneofs[0].Fields.ToDictionary(f => f.FieldNumber, f => $"catalog.v1.product.{f.Name}");

    /// <summary>Puts an event of the log into its envelope; false if it cannot be read, with the reason.</summary>
    public static bool TryCreate(OutboxEvent stored, string logId, [NotNullWhen(true)] out EventEnvelope? envelope, [NotNullWhen(false)] out string? fault)
    {
        envelope = null;
        var (eventId, name, type) = ("", "", "catalog.v1.product.changed");
        try
        {
            var input = MemoryMarshal.TryGetArray(stored.Body, out var body) ? new CodedInputStream(body.Array, body.Offset, body.Count) : new CodedInputStream(stored.Body.ToArray());
            while (input.ReadTag() is > 0 and var tag)
                switch (WireFormat.GetTagFieldNumber(tag))
                {
                    case ProductEvent.EventIdFieldNumber: eventId = input.ReadString(); break;
                    case ProductEvent.NameFieldNumber: name = input.ReadString(); break;
                    case var field:
                        if (Types.TryGetValue(field, out var known)) type = known;
                        input.SkipLastField();
                        break;
                }
        }
        catch (InvalidProtocolBufferException e)
        {
            fault = $"The event cannot be read: {e.Message}";
            return false;
        }
        if (!ProductName.TryParse(name, out var productId))
        {
            fault = "The event names no product.";
            return false;
        }
        fault = null;
        envelope = new EventEnvelope(stored.Position, productId, eventId, type, logId, stored.Occurred, stored.TraceParent, Complete(stored, logId));
        return true;
    }

    // Fields that are written one after another are merged by who reads them, so nothing that stands there is parsed or copied twice.
    private static byte[] Complete(OutboxEvent stored, string logId)
    {
        var value = new byte[stored.Body.Length + 2 + CodedOutputStream.ComputeStringSize(logId) + CodedOutputStream.ComputeInt64Size(stored.Position)];
        stored.Body.Span.CopyTo(value);
        var at = stored.Body.Length;
        value[at++] = LogIdTag;
        at = WriteVarint(value, at, (ulong)Encoding.UTF8.GetByteCount(logId));
        at += Encoding.UTF8.GetBytes(logId, value.AsSpan(at));
        value[at++] = PositionTag;
        WriteVarint(value, at, (ulong)stored.Position);
        return value;
    }

    private static int WriteVarint(byte[] value, int at, ulong number)
    {
        for (; number >= 0x80; number >>= 7) value[at++] = (byte)(number | 0x80);
        value[at++] = (byte)number;
        return at;
    }
}
