using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Catalog.Tests.Kafka;

/// <summary>A broker of the test's own, which can hang, die and come back.</summary>
internal sealed class TestBroker : IAsyncDisposable
{
    private readonly TempFolder _folder = new();
    private readonly string _program;
    private readonly int _port;
    private readonly string _settings;
    private Process? _process;

    private TestBroker(string program, int port, string settings) => (_program, _port, _settings) = (program, port, settings);

    public string Servers => $"127.0.0.1:{_port}";

    /// <summary>Where a listener is that the settings add.</summary>
    public string MoreServers => $"127.0.0.1:{_port + 2}";

    /// <summary>Starts one; the settings that it has besides may name its ports.</summary>
    public static async Task<TestBroker> StartAsync(Func<int, string>? settings = null)
    {
        var program = Environment.GetEnvironmentVariable("TEST_KAFKA_RUN");
        Assert.SkipWhen(string.IsNullOrEmpty(program), "TEST_KAFKA_RUN names no program that runs Kafka.");
        var port = FreePort();
        var broker = new TestBroker(program!, port, settings?.Invoke(port) ?? "");
        broker.Start();
        await broker.AwaitAsync();
        return broker;
    }

    public void Start()
    {
        var start = new ProcessStartInfo(_program, [$"{_port}", _folder.File("data")]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["KAFKA_EXTRA"] = _settings;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, _) => { };
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public async Task AwaitAsync()
    {
        await using var topic = await TestTopic.CreateAsync(servers: Servers, create: false);
        await Soon.Until(() => Answers(topic), "the broker answers", 90);
    }

    /// <summary>Hangs: connections stay open, and nothing is answered.</summary>
    public void Stop() => Signal("STOP");

    public void Continue() => Signal("CONT");

    public void Kill()
    {
        _process!.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _process = null;
    }

    public async ValueTask DisposeAsync()
    {
        await Task.Yield();
        if (_process is not null) Kill();
        _folder.Dispose();
    }

    private static bool Answers(TestTopic topic)
    {
        try
        {
            return topic.Admin.Client.GetMetadata(TimeSpan.FromSeconds(2)).Brokers.Count > 0;
        }
        catch (Confluent.Kafka.KafkaException)
        {
            return false;
        }
    }

    private void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{_process!.Id}"]);
        kill.WaitForExit();
    }

    // Kafka takes the port and the next one, and one more may be added.
    private static int FreePort()
    {
        while (true)
        {
            var port = Random.Shared.Next(20_000, 32_000);
            try
            {
                using var first = new TcpListener(IPAddress.Loopback, port);
                using var second = new TcpListener(IPAddress.Loopback, port + 1);
                using var third = new TcpListener(IPAddress.Loopback, port + 2);
                first.Start();
                second.Start();
                third.Start();
                return port;
            }
            catch (SocketException) { }
        }
    }
}
