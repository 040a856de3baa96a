using System.Diagnostics;

namespace Catalog.SystemTests;

/// <summary>A small file system of the test's own. It takes root; without, the test is skipped.</summary>
internal sealed class Tmpfs : IDisposable
{
    private readonly string _path;

    private Tmpfs(string path) => _path = path;

    public static Tmpfs Mount(string path, string size)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "mounting a file system takes root");
        Directory.CreateDirectory(path);
        Assert.SkipUnless(Run("mount", "-t", "tmpfs", "-o", $"size={size}", "tmpfs", path), "no file system can be mounted here");
        return new Tmpfs(path);
    }

    public void MakeReadOnly() => Assert.True(Run("mount", "-o", "remount,ro", _path));

    public void Dispose() => Run("umount", "-l", _path);

    private static bool Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, UseShellExecute = false })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
