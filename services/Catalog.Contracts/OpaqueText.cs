using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;

namespace Catalog.Internal.V1;

/// <summary>
/// How a message becomes one of the contract's opaque strings and back: base64url of two check bytes and its own, so that
/// a string that was cut short or mistyped is refused rather than misread.
/// </summary>
internal static class OpaqueText
{
    public static string Encode(IMessage message)
    {
        var bytes = new byte[message.CalculateSize() + 2];
        message.WriteTo(bytes.AsSpan(2));
        Check(bytes.AsSpan(2), bytes);
        return Base64Url.EncodeToString(bytes);
    }

    public static bool TryDecode<T>(string text, MessageParser<T> parser, [NotNullWhen(true)] out T? message) where T : class, IMessage<T>
    {
        message = null;
        if (!Base64Url.IsValid(text)) return false;
        var bytes = Base64Url.DecodeFromChars(text);
        Span<byte> check = stackalloc byte[2];
        if (bytes.Length < 2) return false;
        Check(bytes.AsSpan(2), check);
        if (!check.SequenceEqual(bytes.AsSpan(0, 2))) return false;
        try
        {
            message = parser.ParseFrom(bytes, 2, bytes.Length - 2);
            return true;
        }
        catch (InvalidProtocolBufferException)
        {
            return false;
        }
    }

    // Fletcher-16: cheap, and it notices swapped characters.
    private static void Check(ReadOnlySpan<byte> bytes, Span<byte> check)
    {
        int a = 1, b = 0;
        foreach (var value in bytes)
        {
            a = (a + value) % 255;
            b = (b + a) % 255;
        }
        check[0] = (byte)a;
        check[1] = (byte)b;
    }
}
