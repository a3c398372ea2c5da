using System.Diagnostics;
using InstanceTasks.Simulation.Running;

var from = long.Parse(args.Length > 1 ? args[1] : "1");
var count = args.Length > 2 ? int.Parse(args[2]) : 1;
if (args.Length > 0 && args[0] == "story")
{
    var r = Simulator.Run(new RunOptions(from) { Story = true });
    foreach (var line in r.Story) Console.WriteLine(line);
    foreach (var v in r.Violations) Console.WriteLine(v);
    return 0;
}

var watch = Stopwatch.StartNew();
var kinds = new Dictionary<string, (int, long)>();
double time = 0; long ev = 0, com = 0, faults = 0;
for (var s = from; s < from + count; s++)
{
    var r = Simulator.Run(new RunOptions(s));
    time += r.Time.TotalSeconds; ev += r.Events; com += r.Commits; faults += r.Faults.Count;
    if (r.Failed)
    {
        var k = r.Kind!;
        kinds[k] = kinds.TryGetValue(k, out var c) ? (c.Item1 + 1, c.Item2) : (1, s);
        Console.WriteLine($"{s}: {r.Violations[0][..Math.Min(300, r.Violations[0].Length)]}");
    }
}

Console.WriteLine($"{count} seeds in {watch.Elapsed.TotalSeconds:0.0} s; events {ev / count}, commits {com / count}, faults {faults / count}, time {time / count:0}");
foreach (var (k, (n, first)) in kinds) Console.WriteLine($"{n}x {k} (first {first})");
return 0;
