using System.ComponentModel;
using System.Diagnostics;

namespace Catalog.SystemTests.Clients;

/// <summary>Programs that are not ours: run to their end, with what they said.</summary>
internal static class ClientProgram
{
    /// <summary>The folder of Google's own protos, which the catalog's import.</summary>
    public static string CommonProtos { get; } = Directory.GetDirectories(
        Path.Combine(Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages"), "google.api.commonprotos"))
        .Order(StringComparer.Ordinal).Last() + "/content/protos";

    public static string Protos { get; } = Path.Combine(CatalogProcess.Repository, "protos");

    public static string Folder(string name) => Path.Combine(CatalogProcess.Repository, "tests", "clients", name);

    /// <summary>The program that an environment variable names; the test is skipped without.</summary>
    public static string Tool(string variable)
    {
        var path = Environment.GetEnvironmentVariable(variable);
        Assert.SkipWhen(string.IsNullOrEmpty(path), $"{variable} does not name the program");
        return path!;
    }

    public static Task<(int Code, string Output, string Errors)> RunAsync(string program, params string[] arguments) => RunInAsync(null, program, arguments);

    public static async Task<(int Code, string Output, string Errors)> RunInAsync(string? folder, string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false, WorkingDirectory = folder ?? "" })!;
            var output = process.StandardOutput.ReadToEndAsync();
            var errors = process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(3));
            return (process.ExitCode, await output, await errors);
        }
        catch (Win32Exception)
        {
            return (127, "", $"{program} is not here");
        }
    }
}
