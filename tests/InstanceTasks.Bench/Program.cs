using System.Globalization;
using InstanceTasks.Bench;

var url = Argument("--url", "http://127.0.0.1:8774");
var servers = int.Parse(Argument("--servers", "64"), CultureInfo.InvariantCulture);
var callers = int.Parse(Argument("--callers", "8"), CultureInfo.InvariantCulture);
var actions = int.Parse(Argument("--actions", "400"), CultureInfo.InvariantCulture);

using var load = new HttpLoad(new Uri(url), callers);
Console.WriteLine(await load.CreateAsync(servers));
Console.WriteLine(await load.RebootAsync(actions));
Console.WriteLine(await load.ListAsync(Math.Min(actions, 200)));
Console.WriteLine(await load.DeleteAsync());
return 0;

string Argument(string name, string otherwise)
{
    var at = Array.IndexOf(args, name);
    return at >= 0 && at + 1 < args.Length ? args[at + 1] : otherwise;
}
