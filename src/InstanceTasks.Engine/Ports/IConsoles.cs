namespace InstanceTasks.Engine;

/// <summary>Reads what machines have written on their consoles: for who asks, in any process.</summary>
public interface IConsoles
{
    /// <summary>
    /// Has a worker of the host read it. Answers within about 10 s, never <see cref="ConsoleVerdict.Waiting"/>; throws only when cancelled. Changes nothing and leaves no trace.
    /// </summary>
    /// <param name="host">Where the machine is.</param>
    /// <param name="machine">The machine.</param>
    /// <param name="lines">So many of the last lines; null: all that is kept.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<ConsoleAnswer> ReadAsync(HostName host, InstanceId machine, int? lines, CancellationToken cancellationToken = default);
}

/// <summary>Reads consoles from the hypervisor that this process reaches: for its workers.</summary>
public interface IConsoleSource
{
    /// <summary>Reads it. Every end is an answer, also a failure of the hypervisor and an <paramref name="abort"/>.</summary>
    Task<ConsoleAnswer> ReadAsync(HostName host, ConsoleQuestion question, CancellationToken abort);
}
