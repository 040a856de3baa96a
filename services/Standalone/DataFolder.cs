namespace Catalog.Standalone;

/// <summary>The folder that holds a catalog. One process at a time has it, by a lock that the system lets go when the process ends, however it ends.</summary>
internal sealed class DataFolder : IDisposable
{
    // Of sockaddr_un, without the zero at its end; macOS has four bytes less.
    private const int MaxSocket = 103;

    private readonly FileStream _lock;

    private DataFolder(string path, FileStream @lock) => (Path, _lock) = (path, @lock);

    public string Path { get; }

    public string CommandDatabase => CommandDatabaseOf(Path);

    public static string CommandDatabaseOf(string path) => System.IO.Path.Combine(path, "catalog.db");

    /// <summary>The socket by which <c>catalog rebuild</c> and its like reach the process that has the folder.</summary>
    public string AdminSocket => AdminSocketOf(Path);

    public static string AdminSocketOf(string path) => System.IO.Path.Combine(path, "admin.sock");

    /// <exception cref="DataFolderException">It cannot be had; the message says what to do.</exception>
    public static DataFolder Open(string path)
    {
        var file = System.IO.Path.Combine(path, "lock");
        if (System.Text.Encoding.UTF8.GetByteCount(AdminSocketOf(path)) > MaxSocket)
            throw new DataFolderException($"The path of the folder {path} is too long: a socket in it may have {MaxSocket} bytes. Choose a shorter one with --data.");
        try
        {
            Directory.CreateDirectory(path);
            // The content is for people: which process has the folder.
            var @lock = new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            @lock.SetLength(0);
            @lock.Write(System.Text.Encoding.ASCII.GetBytes($"{Environment.ProcessId}\n"));
            @lock.Flush();
            // One that a killed process left would keep the socket from being made.
            File.Delete(AdminSocketOf(path));
            return new DataFolder(path, @lock);
        }
        catch (UnauthorizedAccessException)
        {
            throw new DataFolderException($"The folder {path} cannot be written. Give this user write access to it, or choose another one with --data.");
        }
        catch (IOException e) when (File.Exists(file) && e.HResult is EAgain)
        {
            throw new DataFolderException($"The folder {path} is in use by another catalog process. Stop that one, or choose another folder with --data.");
        }
        catch (IOException e)
        {
            throw new DataFolderException($"The folder {path} cannot be used: {e.Message.TrimEnd('.')}. Make room or repair it, or choose another one with --data.");
        }
    }

    // EWOULDBLOCK of flock, as .NET hands it on on Linux.
    private const int EAgain = 11;

    public void Dispose() => _lock.Dispose();
}

/// <summary>The data folder cannot be had.</summary>
internal sealed class DataFolderException(string message) : Exception(message);
