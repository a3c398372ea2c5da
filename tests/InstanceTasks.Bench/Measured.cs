using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace InstanceTasks.Bench;

/// <summary>Runs callers that each do one thing after the other, and says how fast that was.</summary>
internal sealed record Measured(int Count, TimeSpan Elapsed, double[] SortedMs, TimeSpan Cpu)
{
    public double PerSecond => Count / Elapsed.TotalSeconds;

    /// <summary>Calls <paramref name="one"/> so often in all, with the number of the caller.</summary>
    public static async Task<Measured> RunAsync(int callers, int count, Func<int, Task> one)
    {
        var left = count;
        var (clock, cpu) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
        var times = await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            var own = new List<double>();
            while (Interlocked.Decrement(ref left) >= 0)
            {
                var begun = Stopwatch.GetTimestamp();
                await one(caller);
                own.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            }

            return own;
        })));
        return new(count, clock.Elapsed, [.. times.SelectMany(t => t).Order()], Environment.CpuUsage.TotalTime - cpu);
    }

    public double Percentile(double part) => SortedMs[Math.Min(SortedMs.Length - 1, (int)(SortedMs.Length * part))];

    /// <summary>One line of JSON: what was given, then the latencies.</summary>
    public string ToJson(params IEnumerable<(string Name, JsonNode? Value)> values)
    {
        var line = new JsonObject();
        foreach (var (name, value) in values)
        {
            line[name] = value;
        }

        line["p50_ms"] = Math.Round(Percentile(0.5), 2);
        line["p99_ms"] = Math.Round(Percentile(0.99), 2);
        line["count"] = Count;
        line["cpu_ms_each"] = Math.Round(Cpu.TotalMilliseconds / Count, 3);
        return line.ToJsonString(JsonSerializerOptions.Web);
    }
}
