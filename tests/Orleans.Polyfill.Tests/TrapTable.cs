using System.Reflection;

namespace Orleans.Polyfill.Tests;

/// <summary>The twenty traps of orleans-api.md section 6: what compiles on a careless polyfill and bites on the real thing. Each is reproduced by the named tests.</summary>
public sealed class TrapTable
{
    private static readonly Dictionary<int, string[]> Traps = new()
    {
        [1] = [Name(nameof(TurnTests), nameof(TurnTests.CallSelf_WithoutPermission_TimesOut)), Name(nameof(TurnTests), nameof(TurnTests.CallCycle_IsADeadlockUnlessAllowed))],
        [2] = [Name(nameof(CopyTests), nameof(CopyTests.PlainType_CallerGetsCodecNotFound)), Name(nameof(StartupCheckTests), nameof(StartupCheckTests.Check_BadType_NamesItAndTheRule))],
        [3] = [Name(nameof(CopyTests), nameof(CopyTests.Exceptions_UnmarkedOnes_ArriveAsCodecNotFound))],
        [4] = [Name(nameof(CopyTests), nameof(CopyTests.Argument_ChangedByTheCallee_CallerDoesNotSeeIt)), Name(nameof(CopyTests), nameof(CopyTests.ImmutableTypesParametersAndWrappers_PassByReference))],
        [5] = [Name(nameof(StateTests), nameof(StateTests.AdoNet_SameStateName_KeysCollideAcrossClassesAndSpellings))],
        [6] = [Name(nameof(ActivationTests), nameof(ActivationTests.AttributesOnClassMethods_DoNothing)), Name(nameof(StartupCheckTests), nameof(StartupCheckTests.Check_BadType_NamesItAndTheRule))],
        [7] = [Name(nameof(StateTests), nameof(StateTests.Constructor_StateIsNullAndRecordExistsThrows))],
        [8] = [Name(nameof(StateTests), nameof(StateTests.AdoNet_WriteAndClear_EtagCountsOn)), Name(nameof(TrapTable), nameof(EtagAndETag_AreSpelledAsInOrleans))],
        [9] = [Name(nameof(StateTests), nameof(StateTests.Conflict_Escapes_ActivationIsReplaced)), Name(nameof(StateTests), nameof(StateTests.Conflict_Caught_ActivationLivesOnWithItsStaleTag))],
        [10] = [Name(nameof(TrapTable), nameof(Types_LiveInOrleansNamespaces))],
        [11] = [Name(nameof(TrapTable), nameof(TimersAndReminders_AreExtensions_DeactivateOnIdleIsBoth))],
        [12] = [Name(nameof(TimerTests), nameof(TimerTests.TimerOptions_DefaultHasZeroTimesAndNoInterleaving)), Name(nameof(TimerTests), nameof(TimerTests.Timer_DuringARequest_TicksOnlyWhenInterleaving)),
            Name(nameof(TimerTests), nameof(TimerTests.IdleActivation_IsCollected_UnlessATimerKeepsItAlive))],
        [13] = [Name(nameof(ReminderTests), nameof(ReminderTests.Register_PeriodBelowMinimum_ArgumentException)), Name(nameof(ReminderTests), nameof(ReminderTests.SlowTick_MissedTicksAreSkipped)),
            Name(nameof(ReminderTests), nameof(ReminderTests.FailingTick_IsNotRetriedBeforeTheNextPeriod))],
        [14] = [Name(nameof(StartupCheckTests), nameof(StartupCheckTests.Check_BadType_NamesItAndTheRule)), Name(nameof(StartupCheckTests), nameof(StartupCheckTests.SiloStart_BadTypes_FailsNamingAllOfThem))],
        [15] = [Name(nameof(CopyTests), nameof(CopyTests.UnmarkedBase_IsRefused)), Name(nameof(CopyTests), nameof(CopyTests.PositionalRecords_ParametersAndBodyHaveTheirOwnIds))],
        [16] = [Name(nameof(StateTests), nameof(StateTests.StateAccess_FromTaskRun_Throws)), Name(nameof(ReminderTests), nameof(ReminderTests.Reminder_FromTaskRun_InvalidOperation))],
        [17] = [Name(nameof(ClusterTests), nameof(ClusterTests.Fault_LoseReply_CallerTimesOutButTheGrainDidIt)), Name(nameof(ClusterTests), nameof(ClusterTests.KillSilo_WaitingSiloGetsSiloUnavailable_ClientTimesOut))],
        [18] = [Name(nameof(ClusterTests), nameof(ClusterTests.KillSilo_ItsGrainsAreActivatedElsewhere)), Name(nameof(ActivationTests), nameof(ActivationTests.FailingDeactivation_IsSwallowed))],
        [19] = [Name(nameof(HostingTests), nameof(HostingTests.CollectionAge_NotAboveQuantum_StartFails)), Name(nameof(StateTests), nameof(StateTests.AdoNet_NeitherConnectionStringNorDataSource_SiloDoesNotStart)),
            Name(nameof(HostingTests), nameof(HostingTests.Defaults_AreTheDocumentedOnes))],
        [20] = [Name(nameof(TrapTable), nameof(StorageInterfaces_HaveTheTokenOverloads))],
    };

    [Fact]
    public void Table_NamesATestForEachOfTheTwentyTraps()
    {
        Assert.Equal(Enumerable.Range(1, 20), Traps.Keys.Order());
        foreach (var (trap, tests) in Traps)
        {
            Assert.NotEmpty(tests);
            Assert.All(tests, test => Assert.True(IsTest(test), $"Trap {trap}: {test} is no test"));
        }
    }

    [Fact]
    public void EtagAndETag_AreSpelledAsInOrleans()
    {
        Assert.NotNull(typeof(Orleans.Core.IStorage).GetProperty("Etag"));
        Assert.NotNull(typeof(IGrainState<int>).GetProperty("ETag"));
    }

    [Fact]
    public void Types_LiveInOrleansNamespaces()
    {
        Assert.Equal("Orleans", typeof(ImmutableAttribute).Namespace);
        Assert.Equal("Orleans.Concurrency", typeof(Orleans.Concurrency.Immutable<int>).Namespace);
        Assert.Equal("Orleans.Runtime", typeof(IPersistentState<int>).Namespace);
        Assert.Equal("Orleans", typeof(IRemindable).Namespace);
        Assert.Equal("Orleans.Placement", typeof(Orleans.Placement.PreferLocalPlacementAttribute).Namespace);
    }

    [Fact]
    public void TimersAndReminders_AreExtensions_DeactivateOnIdleIsBoth()
    {
        const BindingFlags Members = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
        Assert.DoesNotContain(typeof(Grain).GetMethods(Members), m => m.Name.Contains("Timer", StringComparison.Ordinal) || m.Name.Contains("Reminder", StringComparison.Ordinal));
        Assert.True(typeof(Grain).GetMethod("DeactivateOnIdle", Members)!.IsFamily);
        Assert.NotNull(typeof(GrainBaseExtensions).GetMethod(nameof(GrainBaseExtensions.DeactivateOnIdle)));
    }

    [Fact]
    public void StorageInterfaces_HaveTheTokenOverloads()
    {
        foreach (var name in new[] { "ReadStateAsync", "WriteStateAsync", "ClearStateAsync" })
        {
            Assert.Equal(2, typeof(Orleans.Core.IStorage).GetMethods().Count(m => m.Name == name));
            Assert.Equal(2, typeof(Orleans.Storage.IGrainStorage).GetMethods().Count(m => m.Name == name));
        }
    }

    private static string Name(string type, string method) => $"{type}.{method}";

    private static bool IsTest(string name)
    {
        var parts = name.Split('.');
        var method = typeof(TrapTable).Assembly.GetTypes().Single(t => t.Name == parts[0] && (t.Namespace == typeof(TrapTable).Namespace || t.Namespace == typeof(TurnTests).Namespace)).GetMethod(parts[1]);
        return method?.GetCustomAttributes<FactAttribute>().Any() == true;
    }
}
