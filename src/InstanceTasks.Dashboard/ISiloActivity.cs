namespace InstanceTasks.Dashboard;

/// <summary>What is active in the silos of the cluster, as the process's host finds out.</summary>
public interface ISiloActivity
{
    /// <summary>The activations, by silo and class of grains. Read for administrators only.</summary>
    Task<IReadOnlyList<SiloActivations>> ReadAsync();
}

/// <summary>How many activations a silo has of a class of grains.</summary>
/// <param name="Silo">The silo's address.</param>
/// <param name="Grain">The class's name.</param>
/// <param name="Activations">How many.</param>
public sealed record SiloActivations(string Silo, string Grain, int Activations);
