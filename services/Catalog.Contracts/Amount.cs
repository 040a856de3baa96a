using System.Globalization;
using Google.Type;

namespace Catalog.V1;

/// <summary>Amounts of money as nanos (10⁻⁹ units) in a <see cref="long"/>: exact, and enough for 9,000,000,000 units.</summary>
public static class Amount
{
    /// <summary>Nanos in one unit.</summary>
    public const long NanosPerUnit = 1_000_000_000;

    /// <summary>The largest amount, in units.</summary>
    public const long MaxUnits = 9_000_000_000;

    /// <summary>The amount in nanos. The money must be within the contract: 0 to <see cref="MaxUnits"/> units.</summary>
    public static long ToNanos(this Money money) => checked(money.Units * NanosPerUnit + money.Nanos);

    /// <summary>
    /// Reads a decimal number such as <c>19.99</c> or <c>-3</c> as nanos; false if it is not one, has more than nine decimal places that
    /// are not zero, or lies beyond ±<see cref="MaxUnits"/> units.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, out long nanos)
    {
        nanos = 0;
        if (!decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var units)
            || units is > MaxUnits or < -MaxUnits) return false;
        var exact = units * NanosPerUnit;
        if (exact != decimal.Truncate(exact)) return false;
        nanos = (long)exact;
        return true;
    }
}
