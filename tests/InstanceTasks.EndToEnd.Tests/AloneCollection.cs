using System.Diagnostics.CodeAnalysis;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>The tests that run one after the other, beside no other: they load the machine or measure.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
[SuppressMessage("Naming", "CA1711:Identifiers should not have incorrect suffix", Justification = "xunit calls it a collection")]
public sealed class AloneCollection
{
    public const string Name = "alone";
}
