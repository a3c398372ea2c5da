using InstanceTasks.Engine;
using InstanceTasks.TestKit.InProcess;

namespace InstanceTasks.Grains.Tests.Workers;

/// <summary>Attempts as a host would hand them out.</summary>
internal static class Some
{
    public static Attempt Attempt(Verb verb = Verb.Reset, InstanceId? machine = null, int attempt = 1) => new()
    {
        Key = new VerbKey(TaskId.New(), "reset-machine", Direction.Do),
        Stamp = new Stamp(1, 1, 1, attempt),
        Host = InProcessSilos.Host,
        Verb = verb,
        Machine = new MachineSpec { Instance = machine ?? InstanceId.New(), Name = "one", ImageId = "image-1", Resources = new Resources(1, 512, 1) },
        Kind = TaskKinds.HardReboot,
        Timeout = TimeSpan.FromMinutes(1),
    };
}
