using System.Globalization;
using System.Text;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Catalog.Kafka.Projecting;

/// <summary>The topic of the messages that could not be put into the index. Each keeps its key, value and headers, and says where it stood and why it is here.</summary>
internal sealed partial class DeadLetterTopic(KafkaClients clients, KafkaOptions options, TimeProvider time, ILogger<DeadLetterTopic> logger) : IDisposable
{
    public const string Reason = "dead-letter-reason", Topic = "dead-letter-topic", Partition = "dead-letter-partition", Offset = "dead-letter-offset", Time = "dead-letter-time";

    /// <summary>The largest dead letter: a message as large as a broker takes by default, with room for these headers.</summary>
    public const int MaxBytes = 2 * 1024 * 1024;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private IProducer<string, byte[]>? _producer;

    /// <summary>Returns once all in-sync replicas have it.</summary>
    public async Task AddAsync(ConsumeResult<byte[], byte[]> message, string reason, CancellationToken cancellation)
    {
        SetAside(logger, message.TopicPartitionOffset, reason);
        // What is set aside a second time still says where it first stood.
        var origin = message.Message.Headers?.TryGetLastBytes(Topic, out _) == true;
        var headers = new Headers();
        foreach (var header in message.Message.Headers ?? [])
            if (header.Key != Reason && header.Key != Time) headers.Add(header);
        headers.Add(Reason, Encoding.UTF8.GetBytes(reason));
        headers.Add(Time, Encoding.UTF8.GetBytes(time.GetUtcNow().UtcDateTime.ToString("O", CultureInfo.InvariantCulture)));
        if (!origin)
        {
            headers.Add(Topic, Encoding.UTF8.GetBytes(message.Topic));
            headers.Add(Partition, Encoding.UTF8.GetBytes($"{message.Partition.Value}"));
            headers.Add(Offset, Encoding.UTF8.GetBytes($"{message.Offset.Value}"));
        }
        var letter = new Message<string, byte[]> { Key = Encoding.UTF8.GetString(message.Message.Key ?? []), Value = message.Message.Value, Headers = headers };
        try
        {
            await ProduceAsync(letter, cancellation);
        }
        catch (KafkaException e) when (e.Error.Code is ErrorCode.MsgSizeTooLarge)
        {
            // Better a letter that says where the message stands than none, and a projector that never gets past it.
            letter.Value = null!;
            headers.Remove(Reason);
            headers.Add(Reason, Encoding.UTF8.GetBytes($"{reason} (Its value is too large to be kept here; it stands at its first place as long as the topic keeps it.)"));
            await ProduceAsync(letter, cancellation);
        }
    }

    private async Task ProduceAsync(Message<string, byte[]> letter, CancellationToken cancellation)
    {
        var producer = _producer ??= clients.Producer("dead-letters", _ => { }, ("message.timeout.ms", "30000"), ("message.max.bytes", $"{MaxBytes}"));
        try
        {
            // Letters on their way are forgotten where the producer is disposed of because of another one's error.
            await producer.ProduceAsync(options.DeadLetterTopic, letter, cancellation).WaitAsync(Limit, time, cancellation);
        }
        catch (Exception e) when (e is KafkaException { Error.IsFatal: true } or TimeoutException)
        {
            // The next attempt gets a new one.
            if (Interlocked.CompareExchange(ref _producer, null, producer) == producer) _ = KafkaClients.ReleaseAsync(producer);
            throw;
        }
    }

    public void Dispose()
    {
        _producer?.Dispose();
        _producer = null;
    }

    [LoggerMessage(1, LogLevel.Error, "The message at {Place} is set aside: {Reason}")]
    private static partial void SetAside(ILogger logger, TopicPartitionOffset place, string reason);
}
