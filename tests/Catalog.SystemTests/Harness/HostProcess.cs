using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Catalog.SystemTests;

/// <summary>A process of the system, run as its users run it.</summary>
public sealed partial class HostProcess : IAsyncDisposable
{
    private const int SigInt = 2, SigTerm = 15, SigStop = 19, SigContinue = 18;
    private static readonly ConcurrentDictionary<Process, bool> Running = new();

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new(), _errors = new();
    private readonly TaskCompletionSource<JsonElement> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    static HostProcess() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        foreach (var process in Running.Keys) Kill(process);
    };

    /// <summary>Starts it.</summary>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="settings">Environment variables.</param>
    public HostProcess(string[] command, IReadOnlyDictionary<string, string>? settings = null)
    {
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false };
        // Many short-lived processes on few cores: code that counts its calls begins slower.
        start.Environment["DOTNET_TieredPGO"] = "0";
        foreach (var (name, value) in settings ?? new Dictionary<string, string>()) start.Environment[name] = value;
        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, line) => Read(line.Data);
        _process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is not null) _errors.Enqueue(line.Data);
        };
        _process.Exited += (_, _) => _listening.TrySetException(new InvalidOperationException("The process ended before it listened."));
        _process.Start();
        Running[_process] = true;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>The process id.</summary>
    public int Id => _process.Id;

    /// <summary>What it wrote to its log, a JSON line each.</summary>
    public IReadOnlyCollection<string> Output => _output;

    /// <summary>What it wrote to the standard error.</summary>
    public IReadOnlyCollection<string> Errors => _errors;

    /// <summary>What the build says of the repository.</summary>
    public static string Metadata(string key) => typeof(HostProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == key).Value!;

    /// <summary>Waits until it listens.</summary>
    /// <returns>Where gRPC is, and where REST is.</returns>
    public async Task<(Uri Grpc, Uri Http)> ListeningAsync()
    {
        try
        {
            var state = await _listening.Task.WaitAsync(TimeSpan.FromSeconds(60));
            return (new Uri(state.GetProperty("Grpc").GetString()!), new Uri(state.GetProperty("Rest").GetString()!));
        }
        catch (Exception e)
        {
            var said = string.Join('\n', _errors.Concat(_output));
            await DisposeAsync();
            throw new InvalidOperationException($"{_process.StartInfo.FileName} did not start.\n{said}", e);
        }
    }

    /// <summary>Runs a program to its end.</summary>
    public static async Task<(int Code, string Output)> RunAsync(string[] command, IReadOnlyDictionary<string, string>? settings = null)
    {
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var (name, value) in settings ?? new Dictionary<string, string>()) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var output = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        return (process.ExitCode, string.Concat(output));
    }

    /// <summary>SIGKILL, as a crash.</summary>
    public async Task KillAsync()
    {
        Kill(_process);
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGTERM, as a supervisor sends it.</summary>
    public void Terminate() => Assert.Equal(0, Send(_process.Id, SigTerm));

    /// <summary>SIGINT, as Ctrl-C sends it.</summary>
    public void Interrupt() => Assert.Equal(0, Send(_process.Id, SigInt));

    /// <summary>SIGSTOP: it hangs, and does not know.</summary>
    public void Suspend() => Assert.Equal(0, Send(_process.Id, SigStop));

    /// <summary>SIGCONT: it goes on where it was.</summary>
    public void Resume() => Assert.Equal(0, Send(_process.Id, SigContinue));

    /// <summary>Waits for its end.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> WaitForExitAsync(TimeSpan within)
    {
        await _process.WaitForExitAsync().WaitAsync(within);
        return _process.ExitCode;
    }

    /// <summary>SIGTERM, and its end.</summary>
    public async Task StopAsync()
    {
        Terminate();
        Assert.Equal(0, await WaitForExitAsync(TimeSpan.FromSeconds(40)));
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        Running.TryRemove(_process, out _);
        _process.Dispose();
    }

    private void Read(string? line)
    {
        if (line is null) return;
        _output.Enqueue(line);
        if (!line.Contains("\"Listening: ", StringComparison.Ordinal)) return;
        using var json = JsonDocument.Parse(line);
        _listening.TrySetResult(json.RootElement.GetProperty("State").Clone());
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself.
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Send(int process, int signal);
}
