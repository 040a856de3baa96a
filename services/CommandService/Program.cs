using System.CommandLine;
using Catalog.CommandService;
using Catalog.Hosting;

var urls = HostCommand.Urls(CatalogHost.ClusterUrls);
var root = new RootCommand("Takes the commands of the product catalog, keeps them in the command database, and relays their events to the topic.") { urls };
root.SetAction((arguments, cancellation) => CommandHost.RunAsync(arguments.GetValue(urls)!, cancellation));
root.Subcommands.Add(Verbs.Migrate());
root.Subcommands.Add(Verbs.Rebuild());
root.Subcommands.Add(Verbs.Backup());
root.Subcommands.Add(Verbs.Restore());
root.Subcommands.Add(Verbs.Restored());
root.Subcommands.Add(Verbs.ReplayDeadEvents());
return await HostCommand.InvokeAsync(root, args);
