namespace InstanceTasks.Grains;

/// <summary>Ends the process at once, as a crash would: every task is made for that, and nothing that would have to be written first can be.</summary>
public interface IProcessEnd
{
    /// <summary>Ends it.</summary>
    /// <param name="why">For whoever reads the process's last words.</param>
    void End(string why);
}

/// <summary>Ends the real process: it says why on standard error, and its exit code (134) is one that supervisors start it again for.</summary>
internal sealed class FailFastEnd : IProcessEnd
{
    /// <inheritdoc/>
    public void End(string why) => Environment.FailFast(why);
}
