using System.Runtime.InteropServices;
using System.Text.Json;

namespace Catalog.Bench;

/// <summary>A figure beside its goal: <c>at least</c> or <c>at most</c> so much, or none.</summary>
internal sealed record Figure(string Name, double Value, string Unit, double? AtLeast, double? AtMost)
{
    public bool? Met => AtLeast is null && AtMost is null ? null : !(Value < AtLeast) && !(Value > AtMost) && !double.IsNaN(Value);
}

/// <summary>The figures of a run, as a table for people and as JSON for programs.</summary>
internal sealed class Report(double loadBefore)
{
    private readonly List<Figure> _figures = [];

    public void Add(string name, double value, string unit, double? atLeast = null, double? atMost = null)
    {
        var figure = new Figure(name, value, unit, atLeast, atMost);
        _figures.Add(figure);
        Console.WriteLine($"  {Line(figure)}");
    }

    public void Write(Settings settings)
    {
        Console.WriteLine();
        Console.WriteLine($"{"figure",-58} {"value",12} {"",-8} {"goal",12}");
        foreach (var figure in _figures) Console.WriteLine(Line(figure));

        Directory.CreateDirectory(Path.GetDirectoryName(settings.Json)!);
        var figures = _figures.Select(figure => new
        {
            figure.Name, Value = double.IsNaN(figure.Value) ? (double?)null : figure.Value, figure.Unit, figure.AtLeast, figure.AtMost, figure.Met,
        });
        var machine = $"{RuntimeInformation.OSDescription}, {Environment.ProcessorCount} cores, {RuntimeInformation.FrameworkDescription}";
        var run = new { Time = DateTimeOffset.UtcNow, Machine = machine, LoadBefore = loadBefore, settings.Quick, Figures = figures };
        File.WriteAllText(settings.Json, JsonSerializer.Serialize(run, new JsonSerializerOptions(JsonSerializerDefaults.Web) { WriteIndented = true }) + "\n");
        Console.WriteLine($"\n{settings.Json}");
    }

    private static string Line(Figure figure)
    {
        var goal = figure.AtLeast is { } least ? $"≥ {Number(least)}" : figure.AtMost is { } most ? $"≤ {Number(most)}" : "";
        var verdict = figure.Met switch { true => "met", false => "MISSED", null => "" };
        return $"{figure.Name,-58} {Number(figure.Value),12} {figure.Unit,-8} {goal,12} {verdict}".TrimEnd();
    }

    private static string Number(double value) => Math.Abs(value) >= 100 ? value.ToString("N0") : value.ToString("0.###");
}
