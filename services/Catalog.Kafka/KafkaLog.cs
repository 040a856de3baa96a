using Catalog.Projections;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Catalog.Kafka;

/// <summary>Writes what a client says to the log. While a broker is away a client says so several times a second: of each kind only one a minute is written.</summary>
internal sealed partial class KafkaLog(ILogger logger, TimeProvider time)
{
    private readonly OncePerMinute _limit = new(time);

    public void Write(LogMessage message)
    {
        var level = message.Level switch
        {
            SyslogLevel.Emergency or SyslogLevel.Alert or SyslogLevel.Critical => LogLevel.Error,
            SyslogLevel.Error or SyslogLevel.Warning => LogLevel.Warning,
            SyslogLevel.Notice => LogLevel.Information,
            SyslogLevel.Info => LogLevel.Debug,
            _ => LogLevel.Trace,
        };
        // A setting that only the other kind of client knows is no news: one section configures all of them.
        if (message.Facility == "CONFWARN") level = LogLevel.Debug;
        if (logger.IsEnabled(level) && (level < LogLevel.Information || _limit.IsDue(message.Facility))) Said(logger, level, message.Facility, message.Message);
    }

    public void Write(Error error)
    {
        if (error.IsFatal) Fatal(logger, error.Code, error.Reason);
        else if (_limit.IsDue(error.Code.ToString())) Failed(logger, error.Code, error.Reason);
    }

    [LoggerMessage(EventId = 1, Message = "Kafka: {Facility}: {Text}")]
    private static partial void Said(ILogger logger, LogLevel level, string facility, string text);

    [LoggerMessage(2, LogLevel.Warning, "Kafka: {Code}: {Reason} (the client goes on trying; the same is not said again for a minute)")]
    private static partial void Failed(ILogger logger, ErrorCode code, string reason);

    [LoggerMessage(3, LogLevel.Error, "Kafka: {Code}: {Reason}; the client is of no further use and is replaced")]
    private static partial void Fatal(ILogger logger, ErrorCode code, string reason);
}
