namespace Orleans.Polyfill.Tests.Cluster;

// The tests of grains' behaviour once more, with silos that are joined by sockets: what a grain sees must not depend on it. One silo, whose
// grains are called through its gateway, and three, where caller and grain are mostly in different ones.

[Collection(Sockets.Collection)]
public sealed class TurnsOverOneSocketTests : TurnTests
{
    public TurnsOverOneSocketTests() => Sockets.Use(1);
}

[Collection(Sockets.Collection)]
public sealed class TurnsOverThreeSilosTests : TurnTests
{
    public TurnsOverThreeSilosTests() => Sockets.Use(3);
}

[Collection(Sockets.Collection)]
public sealed class ActivationsOverOneSocketTests : ActivationTests
{
    public ActivationsOverOneSocketTests() => Sockets.Use(1);

    [Fact(Skip = "The callee counts from the arrival, so that it may still begin what its caller has just given up.")]
    public override Task ExpiredRequest_NotBegun_IsDropped() => Task.CompletedTask;
}

[Collection(Sockets.Collection)]
public sealed class ActivationsOverThreeSilosTests : ActivationTests
{
    public ActivationsOverThreeSilosTests() => Sockets.Use(3);

    [Fact(Skip = "The callee counts from the arrival, so that it may still begin what its caller has just given up.")]
    public override Task ExpiredRequest_NotBegun_IsDropped() => Task.CompletedTask;
}

[Collection(Sockets.Collection)]
public sealed class StatesOverThreeSilosTests : StateTests
{
    public StatesOverThreeSilosTests() => Sockets.Use(3);
}

[Collection(Sockets.Collection)]
public sealed class RemindersOverThreeSilosTests : ReminderTests
{
    public RemindersOverThreeSilosTests() => Sockets.Use(3);

    [Fact(Skip = "On a clock that stands still nobody finds out that a silo died; SocketClusterTests has this on a real one.")]
    public override Task TwoSilos_EachTickComesOnce_AndGoesOnWhenTheOwnerDies() => Task.CompletedTask;
}

[Collection(Sockets.Collection)]
public sealed class TimersOverThreeSilosTests : TimerTests
{
    public TimersOverThreeSilosTests() => Sockets.Use(3);
}

[Collection(Sockets.Collection)]
public sealed class CopiesOverOneSocketTests : CopyTests
{
    public CopiesOverOneSocketTests() => Sockets.Use(1);

    [Fact(Skip = "Between processes everything is copied.")]
    public override Task ImmutableTypesParametersAndWrappers_PassByReference() => Task.CompletedTask;
}

[Collection(Sockets.Collection)]
public sealed class CopiesOverThreeSilosTests : CopyTests
{
    public CopiesOverThreeSilosTests() => Sockets.Use(3);

    [Fact(Skip = "Between processes everything is copied.")]
    public override Task ImmutableTypesParametersAndWrappers_PassByReference() => Task.CompletedTask;
}

/// <summary>Tests that run one after another, after all others, since they use the keys of those once more.</summary>
[CollectionDefinition(Collection, DisableParallelization = true)]
public sealed class Sockets
{
    public const string Collection = "behaviour over sockets";

    internal static void Use(short silos)
    {
        Probe.Forget();
        TestSilo.Topology.Value = new(silos);
    }
}
