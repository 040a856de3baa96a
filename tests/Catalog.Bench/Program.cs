using System.CommandLine;
using Catalog.Bench;

var catalog = new Option<FileInfo?>("--catalog") { Description = "The catalog program to measure. Left out: the Release build of this repository." };
var quick = new Option<bool>("--quick") { Description = "Fewer and shorter rounds: a look, not a measurement." };
var only = new Option<string[]>("--only") { Description = "Only these parts.", AllowMultipleArgumentsPerToken = true };
only.AcceptOnlyFromAmong([.. Parts.All.Keys]);
var json = new Option<FileInfo>("--json") { Description = "Where to write the figures.", DefaultValueFactory = _ => new FileInfo(Path.Combine(Repository.Root, "artifacts", "bench.json")) };

var bench = new RootCommand("Measures the catalog side by side with a bare gRPC server on the same machine.") { catalog, quick, only, json };
bench.SetAction((arguments, stop) => Parts.RunAsync(
    new Settings(arguments.GetValue(catalog)?.FullName ?? Repository.Catalog, arguments.GetValue(quick), arguments.GetValue(only) ?? [], arguments.GetRequiredValue(json).FullName),
    stop));

var echo = new Command("echo", "Runs the bare server that the catalog is compared with.");
echo.SetAction((_, stop) => EchoServer.RunAsync(stop));
bench.Add(echo);

return await bench.Parse(args).InvokeAsync();
