using System.Net;
using System.Net.Sockets;

namespace Catalog.Tests.SqlServer;

/// <summary>Stands between a client and its server, and now and then hands a request on and cuts the connection before the answer: the client cannot know what became of it.</summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly string _host;
    private readonly int _port;
    private readonly Random _random;
    private readonly Task _accepting;
    private int _cut;

    public CuttingProxy(string host, int port, int seed)
    {
        (_host, _port, _random) = (host, port, new Random(seed));
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>How many connections were cut.</summary>
    public int Cut => _cut;

    /// <summary>The share of requests whose connection is cut.</summary>
    public double Share { get; set; }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        var open = new List<Task>();
        try
        {
            while (true) open.Add(ForwardAsync(await _listener.AcceptTcpClientAsync(_stopping.Token)));
        }
        catch (OperationCanceledException) { }
        await Task.WhenAll(open);
    }

    private async Task ForwardAsync(TcpClient client)
    {
        using var here = client;
        using var there = new TcpClient();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        try
        {
            await there.ConnectAsync(_host, _port, ending.Token);
            var answers = CopyAsync(there, here, cuts: false, ending.Token);
            await Task.WhenAny(CopyAsync(here, there, cuts: true, ending.Token), answers);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException) { }
        await ending.CancelAsync();
    }

    private async Task CopyAsync(TcpClient from, TcpClient to, bool cuts, CancellationToken cancellation)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            for (var requests = 0; await from.GetStream().ReadAsync(buffer, cancellation) is > 0 and var read; requests++)
            {
                // A login is left alone: the driver repeats it by itself, slowly.
                var cut = cuts && requests > 8 && Chance();
                if (cut) from.Close();
                await to.GetStream().WriteAsync(buffer.AsMemory(0, read), cancellation);
                if (cut) return;
            }
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException) { }
    }

    private bool Chance()
    {
        lock (_random)
        {
            if (_random.NextDouble() >= Share) return false;
            _cut++;
            return true;
        }
    }
}
