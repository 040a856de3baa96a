using System.CommandLine;
using Catalog.Hosting;
using Catalog.Projector;

var urls = HostCommand.Urls(CatalogHost.ClusterUrls);
var root = new RootCommand("Writes the events of the topic into the search index.") { urls };
root.SetAction((arguments, cancellation) => HostCommand.RunAsync(arguments.GetValue(urls)!, ProjectorHost.Build, CatalogHost.SayWhereItListens, cancellation));
root.Subcommands.Add(Verbs.Topics());
root.Subcommands.Add(Verbs.ReplayDeadLetters());
return await HostCommand.InvokeAsync(root, args);
