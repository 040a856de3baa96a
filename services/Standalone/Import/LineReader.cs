namespace Catalog.Standalone.Import;

/// <summary>Splits a stream into lines of bytes. It holds one line at a time and never more than the longest one allowed.</summary>
internal sealed class LineReader(Stream stream, int maxBytes)
{
    private byte[] _buffer = new byte[Math.Min(maxBytes, 64 * 1024)];
    private int _start;
    private int _end;
    private bool _ended;

    /// <summary>The number of the line that was read last, counted from 1.</summary>
    public long Line { get; private set; }

    /// <summary>Whether the line that was read last was longer than allowed. Only its beginning was kept.</summary>
    public bool TooLong { get; private set; }

    /// <summary>The next line without its line break, valid until the next call; false at the end of the stream.</summary>
    public bool TryRead(out ReadOnlyMemory<byte> line)
    {
        TooLong = false;
        var scanned = 0;
        while (true)
        {
            var at = _buffer.AsSpan(_start + scanned, _end - _start - scanned).IndexOf((byte)'\n');
            if (at >= 0) return Take(scanned + at, 1, out line);
            scanned = _end - _start;
            if (scanned >= maxBytes) return TakeBeginning(out line);
            if (!Fill()) break;
        }
        if (_start < _end) return Take(_end - _start, 0, out line);
        line = default;
        return false;
    }

    private bool Take(int length, int lineBreak, out ReadOnlyMemory<byte> line)
    {
        line = _buffer.AsMemory(_start, length);
        _start += length + lineBreak;
        Line++;
        if (length > 0 && line.Span[^1] == '\r') line = line[..^1];
        return true;
    }

    private bool TakeBeginning(out ReadOnlyMemory<byte> line)
    {
        TooLong = true;
        Line++;
        line = _buffer.AsMemory(_start, 1024).ToArray();
        do
        {
            var at = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            _start = at < 0 ? _end : _start + at + 1;
            if (at >= 0) break;
        }
        while (Fill());
        return true;
    }

    private bool Fill()
    {
        if (_ended) return false;
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }
        if (_end == _buffer.Length) Array.Resize(ref _buffer, Math.Min(maxBytes, _buffer.Length * 2));
        var read = stream.Read(_buffer, _end, _buffer.Length - _end);
        _end += read;
        _ended = read == 0;
        return !_ended;
    }
}
