using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Catalog.SystemTests.Gateway;

/// <summary>A wire between two processes that a test can cut, and that can lead elsewhere.</summary>
internal sealed class Wire : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Socket, bool> _open = new();
    private readonly Task _accepting;
    private volatile string _target;
    private volatile bool _holdsAnswers;

    /// <summary>A wire to a host and port.</summary>
    public Wire(string target)
    {
        _target = target;
        _listener.Start();
        Address = _listener.LocalEndpoint.ToString()!;
        _accepting = AcceptAsync();
    }

    /// <summary>Its near end: host and port.</summary>
    public string Address { get; }

    /// <summary>Where new connections lead.</summary>
    public string Target
    {
        set => _target = value;
    }

    /// <summary>Whether what comes back is swallowed.</summary>
    public bool HoldsAnswers
    {
        set => _holdsAnswers = value;
    }

    /// <summary>Every connection breaks, as when the process at the far end is killed.</summary>
    public void Cut()
    {
        foreach (var socket in _open.Keys) Close(socket);
    }

    /// <summary>Every connection breaks, and there are no new ones.</summary>
    public void Kill()
    {
        _listener.Stop();
        Cut();
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        Kill();
        await _accepting;
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = ServeAsync(await _listener.AcceptSocketAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The wire was killed.
        }
    }

    private async Task ServeAsync(Socket near)
    {
        // Whoever takes it out of the open ones ends it, and nobody else.
        var far = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        near.NoDelay = true;
        try
        {
            _open[near] = _open[far] = true;
            await far.ConnectAsync(IPEndPoint.Parse(_target));
            await await Task.WhenAny(PumpAsync(near, far, isAnswer: false), PumpAsync(far, near, isAnswer: true));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // One of the ends is gone, and so is the other then.
        }
        finally
        {
            Close(near);
            Close(far);
        }
    }

    private async Task PumpAsync(Socket from, Socket to, bool isAnswer)
    {
        var buffer = new byte[64 * 1024];
        while (await from.ReceiveAsync(buffer) is > 0 and var count)
            if (!isAnswer || !_holdsAnswers) await to.SendAsync(buffer.AsMemory(0, count));
    }

    private void Close(Socket socket)
    {
        if (!_open.TryRemove(socket, out _)) return;
        socket.LingerState = new LingerOption(enable: true, 0);
        socket.Dispose();
    }
}
