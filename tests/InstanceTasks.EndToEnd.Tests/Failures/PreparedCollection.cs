using System.Diagnostics.CodeAnalysis;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>The tests that share one <see cref="PreparedDirectory"/>: making it costs a silo's start and a dozen tasks.</summary>
[CollectionDefinition(Name)]
[SuppressMessage("Naming", "CA1711:Identifiers should not have incorrect suffix", Justification = "xunit calls it a collection")]
public sealed class PreparedCollection : ICollectionFixture<PreparedDirectory>
{
    public const string Name = "prepared directory";
}
