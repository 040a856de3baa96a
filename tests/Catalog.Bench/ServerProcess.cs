using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Grpc.Net.Client;

namespace Catalog.Bench;

/// <summary>A server under measurement, in a process and a folder of its own. Disposing kills it by its id and deletes the folder.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string? _ownFolder;

    private ServerProcess(Process process, string? ownFolder, Uri grpc, Uri? rest)
    {
        _process = process;
        _ownFolder = ownFolder;
        Grpc = grpc;
        Rest = rest;
        Channel = GrpcChannel.ForAddress(grpc);
    }

    public Uri Grpc { get; }

    public Uri? Rest { get; }

    public GrpcChannel Channel { get; }

    /// <summary>Starts a catalog, on a folder of its own unless one is given.</summary>
    public static Task<ServerProcess> StartCatalogAsync(string program, string? folder = null)
    {
        var own = folder is null ? Directory.CreateTempSubdirectory("catalog-bench-").FullName : null;
        return StartAsync(program, ["--data", folder ?? own!, "--urls", "http://127.0.0.1:0;http://127.0.0.1:0"], own);
    }

    /// <summary>Starts the bare server: this program with another argument.</summary>
    public static Task<ServerProcess> StartEchoAsync() => StartAsync(Environment.ProcessPath!, ["echo"], null);

    /// <summary>Memory of the process that is in RAM, in MiB.</summary>
    public double ResidentMegabytes()
    {
        var line = File.ReadLines($"/proc/{_process.Id}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }

    /// <summary>The sum of a counter's samples in /metrics whose labels contain a text.</summary>
    public async Task<double> CounterAsync(string name, string labels = "")
    {
        using var http = new HttpClient();
        var text = await http.GetStringAsync(new Uri(Rest!, "/metrics"));
        return text.Split('\n')
            .Where(line => line.StartsWith(name, StringComparison.Ordinal) && line[name.Length] is '{' or ' ' && line.Contains(labels, StringComparison.Ordinal))
            .Sum(line => double.Parse(line[(line.LastIndexOf('}') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0], CultureInfo.InvariantCulture));
    }

    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        if (_ownFolder is not null) Directory.Delete(_ownFolder, recursive: true);
    }

    private static async Task<ServerProcess> StartAsync(string program, string[] arguments, string? ownFolder)
    {
        var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardInput = true })!;
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (!TryReadListening(line, out var grpc, out var rest)) continue;
            // Whatever the server says from now on is read and dropped, lest it blocks on a full pipe.
            _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
            return new ServerProcess(process, ownFolder, grpc, rest);
        }
        if (ownFolder is not null) Directory.Delete(ownFolder, recursive: true);
        throw new InvalidOperationException($"{program} ended before it listened.");
    }

    private static bool TryReadListening(string line, out Uri grpc, out Uri? rest)
    {
        (grpc, rest) = (null!, null);
        if (!line.StartsWith('{') || !line.Contains("\"Grpc\"", StringComparison.Ordinal)) return false;
        var entry = JsonDocument.Parse(line).RootElement;
        var state = entry.TryGetProperty("State", out var nested) ? nested : entry;
        if (!state.TryGetProperty("Grpc", out var address)) return false;
        grpc = new Uri(address.GetString()!);
        if (state.TryGetProperty("Rest", out var other)) rest = new Uri(other.GetString()!);
        return true;
    }
}
