using System.Text;
using Catalog.Commands.Relaying;
using Confluent.Kafka;

namespace Catalog.Kafka.Publishing;

/// <summary>
/// The headers of a message: CloudEvents, Kafka protocol binding, binary mode, and the trace context. The client copies them before a call returns, so one set is filled
/// anew for each event, and almost nothing is allocated.
/// </summary>
internal sealed class EventHeaders
{
    public const string Id = "ce_id", Type = "ce_type", Source = "ce_source", SpecVersion = "ce_specversion", Time = "ce_time", ContentType = "content-type", TraceParent = "traceparent", Replay = "catalog-replay";

    /// <summary>The content type of every event.</summary>
    public const string Protobuf = "application/protobuf";

    private readonly Slot _id = new(Id), _type = new(Type), _source = new(Source), _time = new(Time), _traceParent = new(TraceParent);
    private readonly Headers _plain = [], _traced = [];
    private string? _logId;

    public EventHeaders()
    {
        IHeader[] all = [new Header(SpecVersion, "1.0"u8.ToArray()), _id, _type, _source, _time, new Header(ContentType, Encoding.UTF8.GetBytes(Protobuf))];
        foreach (var header in all)
        {
            _plain.Add(header);
            _traced.Add(header);
        }
        _traced.Add(_traceParent);
    }

    /// <summary>The headers of this event, until the next call.</summary>
    public Headers Of(EventEnvelope published)
    {
        _id.Set(published.EventId);
        _type.Set(published.Type);
        if (!ReferenceEquals(_logId, published.LogId)) _source.Set($"/catalogs/{_logId = published.LogId}");
        _time.Set(published.Occurred);
        if (published.TraceParent is { } context) _traceParent.Set(context);
        var headers = published.TraceParent is null ? _plain : _traced;
        return published.IsReplay ? [.. headers, new Header(Replay, "1"u8.ToArray())] : headers;
    }

    private sealed class Slot(string key) : IHeader
    {
        private byte[] _value = [];

        public string Key => key;

        public byte[] GetValueBytes() => _value;

        public void Set(string text)
        {
            Resize(Encoding.UTF8.GetByteCount(text));
            Encoding.UTF8.GetBytes(text, _value);
        }

        /// <summary>RFC 3339, always of the same length.</summary>
        public void Set(DateTimeOffset moment)
        {
            Resize("2026-01-02T03:04:05.0000000Z".Length);
            moment.UtcDateTime.TryFormat(_value, out _, "O");
        }

        private void Resize(int length)
        {
            if (_value.Length != length) _value = new byte[length];
        }
    }
}
