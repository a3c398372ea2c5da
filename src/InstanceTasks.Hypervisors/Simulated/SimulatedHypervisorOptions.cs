using Microsoft.Extensions.Options;

namespace InstanceTasks.Hypervisors;

/// <summary>Options of the simulated hypervisor.</summary>
public sealed class SimulatedHypervisorOptions
{
    /// <summary>The world's file, shared by every process that is to see the same world. Required; no default.</summary>
    public string WorldFile { get; set; } = "";

    /// <summary>How long a verb takes that <see cref="Latencies"/> does not name and for which the world has no latency. Default zero.</summary>
    public TimeSpan DefaultLatency { get; set; }

    /// <summary>How long each verb takes, unless the world has a latency for it. Default empty.</summary>
    public Dictionary<Verb, TimeSpan> Latencies { get; set; } = [];

    /// <summary>The hosts to make in a new world. Default empty, which stands for <see cref="SimulatedWorld.DefaultHosts"/>.</summary>
    public List<SimulatedHostOptions> Hosts { get; set; } = [];

    /// <summary>Sets latencies like those of a real hypervisor with local disks: 50 to 300 ms.</summary>
    public SimulatedHypervisorOptions UseRealisticLatencies()
    {
        DefaultLatency = TimeSpan.FromMilliseconds(50);
        Latencies = new()
        {
            [Verb.PrepareDisk] = TimeSpan.FromMilliseconds(300),
            [Verb.DeleteDisk] = TimeSpan.FromMilliseconds(80),
            [Verb.Start] = TimeSpan.FromMilliseconds(200),
            [Verb.Shutdown] = TimeSpan.FromMilliseconds(300),
            [Verb.PowerOff] = TimeSpan.FromMilliseconds(60),
            [Verb.Reboot] = TimeSpan.FromMilliseconds(300),
            [Verb.Reset] = TimeSpan.FromMilliseconds(100),
            [Verb.Suspend] = TimeSpan.FromMilliseconds(300),
            [Verb.Resume] = TimeSpan.FromMilliseconds(200),
            [Verb.StartRescue] = TimeSpan.FromMilliseconds(250),
            [Verb.CopyDisk] = TimeSpan.FromMilliseconds(400),
        };
        return this;
    }

    internal TimeSpan LatencyOf(Verb verb) => Latencies.GetValueOrDefault(verb, DefaultLatency);

    internal IEnumerable<HostDescription> DescribeHosts() => Hosts.Count == 0
        ? SimulatedWorld.DefaultHosts
        : Hosts.Select(h => new HostDescription(new HostName(h.Name), h.Zone, new Resources(h.Vcpus, h.MemoryMb, h.DiskGb)));
}

/// <summary>A host of a new simulated world.</summary>
public sealed class SimulatedHostOptions
{
    /// <summary>Its name. Required; no default.</summary>
    public string Name { get; set; } = "";

    /// <summary>Its availability zone. Default <c>nova</c>.</summary>
    public string Zone { get; set; } = "nova";

    /// <summary>vCPUs that may be given out. Default 256.</summary>
    public int Vcpus { get; set; } = 256;

    /// <summary>Memory in MiB. Default 131072 (128 GiB).</summary>
    public int MemoryMb { get; set; } = 128 * 1024;

    /// <summary>Disk in GiB. Default 4000.</summary>
    public int DiskGb { get; set; } = 4000;
}

/// <summary>Says at start what is wrong with the options.</summary>
internal sealed class SimulatedHypervisorOptionsValidator : IValidateOptions<SimulatedHypervisorOptions>
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    public ValidateOptionsResult Validate(string? name, SimulatedHypervisorOptions options)
    {
        List<string> errors = [];
        if (string.IsNullOrWhiteSpace(options.WorldFile))
        {
            errors.Add("WorldFile: name the file of the simulated world.");
        }

        foreach (var latency in options.Latencies.Values.Append(options.DefaultLatency).Where(l => l < TimeSpan.Zero || l > Longest))
        {
            errors.Add($"DefaultLatency, Latencies: {latency} is not between zero and one day.");
        }

        foreach (var host in options.Hosts.Where(h => string.IsNullOrWhiteSpace(h.Name) || h.Vcpus <= 0 || h.MemoryMb <= 0 || h.DiskGb <= 0))
        {
            errors.Add($"Hosts: '{host.Name}' needs a name, and vCPUs, memory and disk above zero.");
        }

        foreach (var twice in options.Hosts.GroupBy(h => h.Name, StringComparer.Ordinal).Where(g => g.Count() > 1))
        {
            errors.Add($"Hosts: '{twice.Key}' is named twice.");
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }
}
