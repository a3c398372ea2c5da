using System.Globalization;

namespace InstanceTasks.Hypervisors.Simulated;

/// <summary>
/// What a simulated guest writes on its console: that it starts, and that it was asked to go down. It does not notice when its power is cut or its processors stand still, and says
/// nothing then. Nothing of it comes from outside but the machine's id: no name, no password, no user data.
/// </summary>
internal static class GuestConsole
{
    /// <summary>So much is kept of a machine, the newest. All characters are of one byte.</summary>
    public const int Kept = 8192;

    /// <summary>What the guest writes when a verb changes its machine; mostly nothing.</summary>
    /// <param name="verb">The verb.</param>
    /// <param name="before">The machine before.</param>
    /// <param name="after">The machine now.</param>
    /// <param name="machine">The machine's id.</param>
    /// <param name="at">When, in unix milliseconds.</param>
    public static string Writes(Verb verb, MachineState before, MachineState after, string machine, long at)
    {
        var time = DateTimeOffset.FromUnixTimeMilliseconds(at).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        var last = !before.IsRunning ? "" : verb switch
        {
            Verb.Shutdown => $"\n[{time}] The system is going down for power off\nPower down.",
            Verb.Reboot => $"\n[{time}] The system is going down for reboot\nRestarting.",
            _ => "",
        };
        return after.Boots == before.Boots ? last : last + Boot(after, machine, time);
    }

    /// <summary>As it is read: it begins with a whole line.</summary>
    public static string Read(string kept) => kept.Length < Kept ? kept.TrimStart('\n') : kept[(kept.IndexOf('\n', StringComparison.Ordinal) + 1)..];

    private static string Boot(MachineState machine, string id, string time)
    {
        var disks = machine.Rescue ? "/dev/vda (rescue disk), /dev/vdb (root disk)" : "/dev/vda (root disk)";
        return string.Create(CultureInfo.InvariantCulture, $"""

            [{time}] Simulated guest, start {machine.Boots}{(machine.Rescue ? " (rescue)" : "")}
            [    0.000000] Command line: root=/dev/vda console=ttyS0
            [    0.010000] Console: ttyS0
            [    0.020000] Block devices: {disks}
            [    0.030000] Mounted /dev/vda read-only
            [    0.040000] Checked the file system: clean
            [    0.050000] Mounted /dev/vda read-write
            [    0.060000] Started init
            [    0.070000] Started the login on ttyS0

            Welcome to the simulated guest.

            {id} login:{' '}
            """).ReplaceLineEndings("\n");
    }
}
