using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;
using Grpc.Net.Client;

namespace Catalog.SystemTests;

/// <summary>A real <c>catalog</c> process on a folder, on free ports.</summary>
public sealed partial class CatalogProcess : ICatalogUnderTest, IAsyncDisposable
{
    private const int SigTerm = 15;
    private static readonly ConcurrentDictionary<Process, bool> Running = new();

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new(), _errors = new();
    private readonly TaskCompletionSource<JsonElement> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private GrpcChannel? _channel;
    private HttpClient? _rest;

    static CatalogProcess() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        foreach (var process in Running.Keys) Kill(process);
    };

    private CatalogProcess(ProcessStartInfo start)
    {
        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, line) => Read(line.Data);
        _process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is not null) _errors.Enqueue(line.Data);
        };
        _process.Exited += (_, _) => _listening.TrySetException(new InvalidOperationException("The catalog ended before it listened."));
        _process.Start();
        Running[_process] = true;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>The executable, as it was built beside the tests.</summary>
    public static string Executable { get; } = Metadata("CatalogExecutable");

    /// <summary>The root of the repository.</summary>
    public static string Repository { get; } = Metadata("RepositoryRoot");

    /// <summary>The process id.</summary>
    public int Id => _process.Id;

    /// <summary>The address of gRPC.</summary>
    public Uri Grpc { get; private set; } = null!;

    /// <summary>What it wrote to its log, a JSON line each.</summary>
    public IReadOnlyCollection<string> Output => _output;

    /// <summary>What it wrote to the standard error.</summary>
    public IReadOnlyCollection<string> Errors => _errors;

    /// <inheritdoc />
    public GrpcChannel Commands => _channel!;

    /// <inheritdoc />
    public GrpcChannel Queries => _channel!;

    /// <inheritdoc />
    public HttpClient Rest => _rest!;

    /// <inheritdoc />
    public IReadOnlyList<Uri> Hosts => [_rest!.BaseAddress!];

    /// <summary>Starts it and waits until it listens.</summary>
    /// <param name="folder">The data folder.</param>
    /// <param name="settings">Environment variables.</param>
    /// <param name="wrapper">A program that starts it, with its arguments.</param>
    public static async Task<CatalogProcess> StartAsync(string folder, IReadOnlyDictionary<string, string>? settings = null, params string[] wrapper)
    {
        var catalog = Begin(folder, "http://127.0.0.1:0;http://127.0.0.1:0", settings, wrapper);
        try
        {
            var state = await catalog._listening.Task.WaitAsync(TimeSpan.FromSeconds(60));
            catalog.Grpc = new Uri(state.GetProperty("Grpc").GetString()!);
            catalog._channel = Connect(catalog.Grpc);
            catalog._rest = new HttpClient { BaseAddress = new Uri(state.GetProperty("Rest").GetString()!), Timeout = TimeSpan.FromSeconds(60) };
            return catalog;
        }
        catch (Exception e)
        {
            var said = string.Join('\n', catalog._errors.Concat(catalog._output));
            await catalog.DisposeAsync();
            throw new InvalidOperationException($"The catalog did not start.\n{said}", e);
        }
    }

    /// <summary>Starts it where it is expected not to come up.</summary>
    public static CatalogProcess Begin(string folder, string urls, IReadOnlyDictionary<string, string>? settings = null, params string[] wrapper)
    {
        string[] command = [.. wrapper, Executable, "--data", folder, "--urls", urls];
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false };
        // Many short-lived processes on few cores: code that counts its calls begins slower.
        start.Environment["DOTNET_TieredPGO"] = "0";
        foreach (var (name, value) in settings ?? new Dictionary<string, string>()) start.Environment[name] = value;
        return new CatalogProcess(start);
    }

    /// <summary>A channel that takes and sends messages of any size, so that limits are the service's own.</summary>
    public static GrpcChannel Connect(Uri address) => GrpcChannel.ForAddress(address, new GrpcChannelOptions
    {
        MaxReceiveMessageSize = null,
        MaxSendMessageSize = null,
        HttpHandler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true },
        DisposeHttpClient = true,
    });

    /// <summary>Runs another verb of the executable to its end.</summary>
    public static async Task<(int Code, string Output)> RunAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Executable, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
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
        _channel?.Dispose();
        _rest?.Dispose();
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

    private static string Metadata(string key) =>
        typeof(CatalogProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == key).Value!;

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Send(int process, int signal);
}
