using System.CommandLine;
using Catalog.Hosting;
using Catalog.QueryService;

var urls = HostCommand.Urls(CatalogHost.ClusterUrls);
var root = new RootCommand("Answers queries of the product catalog from the search index, and follows the topic for those who watch.") { urls };
root.SetAction((arguments, cancellation) => HostCommand.RunAsync(arguments.GetValue(urls)!, QueryHost.Build, CatalogHost.SayWhereItListens, cancellation));
root.Subcommands.Add(SmokeCommand.Create());
return await HostCommand.InvokeAsync(root, args);
