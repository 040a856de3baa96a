using System.Diagnostics.Tracing;
using System.Globalization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Catalog.Hosting;

/// <summary>Says once that telemetry does not arrive: the exporter tells only those who listen to it.</summary>
internal sealed partial class ExporterWarnings(ILogger<ExporterWarnings> logger) : EventListener, IHostedService
{
    private int _said;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == "OpenTelemetry-Exporter-OpenTelemetryProtocol") EnableEvents(eventSource, EventLevel.Warning);
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (Interlocked.Exchange(ref _said, 1) != 0) return;
        var said = string.Format(CultureInfo.InvariantCulture, eventData.Message ?? "", eventData.Payload?.ToArray() ?? []);
        Failed(logger, said.Split('\n')[0].TrimEnd());
    }

    [LoggerMessage(1, LogLevel.Warning, "Telemetry does not arrive where OTEL_EXPORTER_OTLP_ENDPOINT sends it (said once, however often it fails): {Reason}")]
    private static partial void Failed(ILogger logger, string reason);
}
