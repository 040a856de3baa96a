using System.Diagnostics.CodeAnalysis;
using Catalog.V1;
using Google.Protobuf;

namespace Catalog.Projections;

/// <summary>Reads an event as it stands in the log, and fills in what is left out there.</summary>
internal static class EventBody
{
    public static bool TryParse(LoggedEvent logged, string logId, [NotNullWhen(true)] out ProductEvent? happened, [NotNullWhen(false)] out string? fault)
    {
        if (!TryParse(logged.Body.Span, out happened, out fault)) return false;
        happened.Position = logged.Position;
        happened.LogId = logId;
        return true;
    }

    /// <summary>Reads an event; false with the reason for people where it is none that could be put into an index.</summary>
    public static bool TryParse(ReadOnlySpan<byte> body, [NotNullWhen(true)] out ProductEvent? happened, [NotNullWhen(false)] out string? fault)
    {
        (happened, fault) = (null, null);
        try
        {
            var parsed = ProductEvent.Parser.ParseFrom(body);
            if (parsed.Product is not { } product || !ProductName.TryParse(product.Name, out _)) fault = "The event holds no product with a name.";
            else if (product.Version < 1) fault = $"The event gives {product.Name} the version {product.Version}.";
            else if (parsed.Name != product.Name) fault = $"The event of {parsed.Name} holds {product.Name}.";
            else if (parsed.OccurredTime is { } time && (time.Nanos is < 0 or > 999_999_999 || time.Seconds is < -62_135_596_800 or > 253_402_300_799)) fault = "The event's time is none.";
            else happened = parsed;
        }
        catch (InvalidProtocolBufferException e)
        {
            fault = $"The event cannot be read: {e.Message}";
        }
        return happened is not null;
    }
}
