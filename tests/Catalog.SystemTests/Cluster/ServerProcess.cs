using System.Net;
using System.Net.Sockets;

namespace Catalog.SystemTests;

/// <summary>A real server of the test's own, which it may kill, stop and start again on the same data.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    // Ports that were given out and may not be listened on yet.
    private static readonly HashSet<int> Given = [];

    private readonly string[] _command;
    private readonly Uri? _health;
    private readonly int _port;
    private HostProcess _process;

    private ServerProcess(string[] command, int port, Uri? health)
    {
        (_command, _port, _health) = (command, port, health);
        _process = new HostProcess(command);
    }

    /// <summary>A broker; <c>TEST_KAFKA_RUN</c> names the program that starts one.</summary>
    /// <param name="port">The port of the first broker of the cluster.</param>
    /// <param name="folder">Its data.</param>
    /// <param name="node">Which of the brokers it is, from 1 on.</param>
    /// <param name="brokers">How many there are.</param>
    public static ServerProcess Kafka(int port, string folder, int node = 1, int brokers = 1) =>
        new([Program("TEST_KAFKA_RUN"), $"{port}", folder, $"{node}", $"{brokers}"], port + 2 * (node - 1), null);

    /// <summary>A node; <c>TEST_ELASTICSEARCH_RUN</c> names the program that starts one.</summary>
    public static ServerProcess Elasticsearch(int port, string folder) =>
        new([Program("TEST_ELASTICSEARCH_RUN"), $"{port}", folder], port, new Uri($"http://127.0.0.1:{port}/_cluster/health?wait_for_status=yellow&timeout=1s"));

    /// <summary>A port such that it and some behind it are free.</summary>
    public static int FreePorts(int count)
    {
        while (true)
        {
            // Below the range from which the system gives out ports by itself.
            var first = Random.Shared.Next(12_000, 19_000);
            lock (Given)
                if (Enumerable.Range(first, count).All(port => IsFree(port) && Given.Add(port))) return first;
        }
    }

    /// <summary>Waits until it can be used.</summary>
    public Task ReadyAsync() => Eventually.TrueAsync($"{_command[0]} answers", AnswersAsync, TimeSpan.FromMinutes(2));

    public Task KillAsync() => _process.KillAsync();

    public void Suspend() => _process.Suspend();

    public void Resume() => _process.Resume();

    /// <summary>Starts it again on its data.</summary>
    public async Task StartAgainAsync()
    {
        await _process.DisposeAsync();
        _process = new HostProcess(_command);
        await ReadyAsync();
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    /// <summary>Skips the test where no servers can be started.</summary>
    public static void SkipWithoutPrograms() => _ = (Program("TEST_KAFKA_RUN"), Program("TEST_ELASTICSEARCH_RUN"));

    private static string Program(string variable)
    {
        var program = Environment.GetEnvironmentVariable(variable);
        Assert.SkipWhen(string.IsNullOrEmpty(program), $"{variable} names no program.");
        return program;
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            if (_health is not null)
            {
                using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(3) };
                using var answer = await http.GetAsync(_health);
                return answer.IsSuccessStatusCode;
            }
            using var tcp = new TcpClient();
            await tcp.ConnectAsync(IPAddress.Loopback, _port);
            return true;
        }
        catch (Exception e) when (e is SocketException or HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
