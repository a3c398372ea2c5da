using System.CommandLine;
using InstanceTasks.Bench.Http;
using InstanceTasks.Bench.Limits;
using InstanceTasks.Bench.Recovery;
using InstanceTasks.Bench.Tasks;

var store = new Option<string>("--store") { Description = "sqlite or postgres", DefaultValueFactory = _ => "postgres" };
store.AcceptOnlyFromAmong("sqlite", "postgres");
var connection = new Option<string?>("--connection") { Description = "a PostgreSQL database of your own; default: a server of the bench's own" };
var concurrency = new Option<int>("--concurrency") { Description = "callers that wait for the end of each task", DefaultValueFactory = _ => 64 };
var count = new Option<int>("--count") { Description = "how many in all", DefaultValueFactory = _ => 10_000 };
var steps = new Option<int>("--steps") { DefaultValueFactory = _ => 5 };

var tasks = new Command("tasks", "No-op tasks through grains, workers and journal.") { store, connection, concurrency, count, steps };
tasks.SetAction(args => TasksBench.RunAsync(args.GetValue(store)!, args.GetValue(connection), args.GetValue(steps), args.GetValue(concurrency), args.GetValue(count)));
var limit = new Command("limit", "The same rows without us: what the database alone can do.") { store, connection, concurrency, count, steps };
limit.SetAction(args => LimitBench.RunAsync(args.GetValue(store)!, args.GetValue(connection), args.GetValue(steps), args.GetValue(concurrency), args.GetValue(count)));
var http = new Command("http", "A silo of its own over HTTP: reboot to its end, POST to 202, a list.") { store, connection, concurrency, count };
http.SetAction(args => HttpBench.RunAsync(args.GetValue(store)!, args.GetValue(connection), args.GetValue(concurrency), args.GetValue(count)));

var recovery = new Command("recovery", "Kills a silo in the middle of so many steps: how long each task stands.") { connection, count };
var scenario = new Option<string>("--scenario") { Description = "kill (one of three), restart (of the only one), shared (one of two for one host)", DefaultValueFactory = _ => "kill" };
scenario.AcceptOnlyFromAmong("kill", "restart", "shared");
recovery.Options.Add(scenario);
recovery.SetAction(args => args.GetValue(scenario) switch
{
    "restart" => RecoveryBench.RestartAsync(args.GetValue(connection), args.GetValue(count)),
    "shared" => RecoveryBench.SharedHostAsync(args.GetValue(connection), args.GetValue(count)),
    _ => RecoveryBench.KillAsync(args.GetValue(connection), args.GetValue(count)),
});

return await new RootCommand("Measures InstanceTasks; each command prints lines of JSON.") { tasks, limit, http, recovery }.Parse(args).InvokeAsync();
