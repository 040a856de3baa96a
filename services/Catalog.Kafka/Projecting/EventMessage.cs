using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Catalog.Kafka.Publishing;
using Catalog.Projections;
using Catalog.V1;
using Confluent.Kafka;

namespace Catalog.Kafka.Projecting;

/// <summary>
/// Reads a message of the topic as the event that it should be. A kind of event that this build does not know is one too, as long as it is of this version of the contract: it carries the
/// product like any other.
/// </summary>
internal static class EventMessage
{
    private const string Ours = "catalog.v1.product.";

    public static bool TryRead(Message<byte[], byte[]> message, [NotNullWhen(true)] out ProductEvent? happened, [NotNullWhen(false)] out string? fault)
    {
        happened = null;
        fault = Text(message.Headers, EventHeaders.Type) is not { Length: > 0 } kind ? "The message is no event of this catalog: it has no header ce_type."
            : !kind.StartsWith(Ours, StringComparison.Ordinal) ? $"The message is no event that this build reads: its ce_type is \"{kind}\", not {Ours}*."
            : Text(message.Headers, EventHeaders.SpecVersion) is var spec && spec?.StartsWith("1.", StringComparison.Ordinal) != true ? $"The message is no event that this build reads: its ce_specversion is \"{spec}\", not 1.x."
            : Text(message.Headers, EventHeaders.ContentType) is var type && type != EventHeaders.Protobuf ? $"The message is no event of this catalog: its content type is \"{type}\"."
            : message.Value is null ? "The message is empty."
            : null;
        if (fault is not null || !EventBody.TryParse(message.Value, out happened, out fault)) return false;
        // What reads it further on relies on these.
        if (happened.LogId.Length == 0) fault = "The event names no event log.";
        if (fault is not null) happened = null;
        return happened is not null;
    }

    /// <summary>Whether it was set aside before: it comes out of order, and was not there before.</summary>
    public static bool IsReplay(Headers? headers) => Text(headers, EventHeaders.Replay) is not null;

    /// <summary>The trace that the event belongs to; none if it has none.</summary>
    public static ActivityContext Trace(Headers headers) =>
        ActivityContext.TryParse(Text(headers, EventHeaders.TraceParent), null, isRemote: true, out var context) ? context : default;

    public static string? Text(Headers? headers, string name) =>
        headers is not null && headers.TryGetLastBytes(name, out var value) && value is not null ? Encoding.UTF8.GetString(value) : null;
}
