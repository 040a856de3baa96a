using System.Collections.Concurrent;
using System.Net;
using Google.Protobuf;
using Grpc.Core;

namespace Catalog.SystemTests;

/// <summary>One trace from the caller through the command service, the event log and Kafka to the projector's write into the index.</summary>
public sealed class TraceTests
{
    [Fact]
    public async Task What_a_caller_began_goes_on_in_the_command_service_and_the_projector()
    {
        var (kafka, elasticsearch) = ClusterProcesses.Servers();
        using var collector = new Collector();
        await using var cluster = await ClusterProcesses.StartAsync(kafka, elasticsearch, new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address, ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf", ["OTEL_BSP_SCHEDULE_DELAY"] = "100",
        });
        const string Trace = "0af7651916cd43dd8448eb211c80319c", Caller = "b7ad6b7169203331";
        var receipt = await cluster.Writes().CreateProductAsync(TestProducts.Create(), new Metadata { { "traceparent", $"00-{Trace}-{Caller}-01" } });
        await cluster.GetAsync(receipt);

        Span? call = null, projection = null, bulk = null;
        await Eventually.TrueAsync("all have told of it", () =>
        {
            var spans = collector.Spans.Where(s => s.Trace == Trace).ToList();
            call = spans.SingleOrDefault(s => s.Parent == Caller);
            projection = spans.SingleOrDefault(s => call is not null && s.Parent == call.Id && s.Name == "project");
            bulk = spans.SingleOrDefault(s => projection is not null && s.Parent == projection.Id && s.Name == "bulk");
            return bulk is not null;
        });
        Assert.Contains("CreateProduct", call!.Name, StringComparison.Ordinal);
    }

    private sealed record Span(string Trace, string Id, string Parent, string Name);

    /// <summary>A collector of OpenTelemetry, as far as spans go.</summary>
    private sealed class Collector : IDisposable
    {
        private readonly HttpListener _listener = new();

        public Collector()
        {
            Address = $"http://127.0.0.1:{ServerProcess.FreePorts(1)}";
            _listener.Prefixes.Add($"{Address}/");
            _listener.Start();
            _ = ServeAsync();
        }

        public string Address { get; }

        public ConcurrentBag<Span> Spans { get; } = [];

        public void Dispose() => _listener.Close();

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    var call = await _listener.GetContextAsync();
                    using var body = new MemoryStream();
                    await call.Request.InputStream.CopyToAsync(body);
                    if (call.Request.Url!.AbsolutePath == "/v1/traces") Read(body.ToArray());
                    call.Response.Close();
                }
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                // The test is over.
            }
        }

        // ExportTraceServiceRequest > ResourceSpans > ScopeSpans > Span: trace_id 1, span_id 2, parent_span_id 4, name 5.
        private void Read(byte[] request)
        {
            foreach (var resource in Fields(request, 1))
                foreach (var scope in Fields(resource, 2))
                    foreach (var span in Fields(scope, 2))
                        Spans.Add(new Span(Hex(span, 1), Hex(span, 2), Hex(span, 4), System.Text.Encoding.UTF8.GetString(Fields(span, 5).Single())));
        }

        private static string Hex(byte[] message, int field) => Convert.ToHexStringLower(Fields(message, field).SingleOrDefault() ?? []);

        private static List<byte[]> Fields(byte[] message, int field)
        {
            var found = new List<byte[]>();
            var input = new CodedInputStream(message);
            while (input.ReadTag() is not 0 and var tag)
            {
                if (tag == (uint)((field << 3) | 2)) found.Add(input.ReadBytes().ToByteArray());
                else input.SkipLastField();
            }
            return found;
        }
    }
}
