using System.Diagnostics;
using InstanceTasks.Verifier;
using InstanceTasks.Verifier.Drawing;
using InstanceTasks.Verifier.Model;
using InstanceTasks.Verifier.Search;

Options options;
try
{
    options = Options.Parse(args);
}
catch (FormatException e)
{
    await Console.Error.WriteLineAsync($"verifier: {e.Message} (see --help)");
    return 2;
}

if (options.ShowHelp)
{
    Console.Write(Options.Help);
    return 0;
}

if (options.Draw)
{
    Documents.WriteAll();
    return 0;
}

var watch = Stopwatch.StartNew();
var report = Verification.Run(new Rules(), options.Passes, options.First, options.Second, r => Console.WriteLine($"{watch.Elapsed.TotalSeconds,7:F1} s  {r.Scope}: {r.Situations:N0} situations, {r.Steps:N0} steps"));
Console.Write(report.Summary());
Console.Write(report.Violation is { } violation ? Story.Tell(violation) : report.Holds ? "Everything holds.\n" : "");
return report.Holds ? 0 : 1;
