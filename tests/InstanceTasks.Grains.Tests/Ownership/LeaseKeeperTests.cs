using InstanceTasks.Engine;
using InstanceTasks.TestKit;

namespace InstanceTasks.Grains.Tests.Ownership;

public sealed class LeaseKeeperTests
{
    [Fact]
    public async Task Start_TakesAGenerationAndALeaseThatIsSafeUntilItsMargin()
    {
        using var host = new LeaseKeeperHost();
        var other = host.Leases.Join();

        await host.StartAsync();

        Assert.Equal(other + 1, host.Keeper.Generation);
        Assert.True(host.Keeper.LeaseIsSafe);
        Assert.Equal([other, other + 1], host.Keeper.LiveGenerations.Order());
        await host.Keeper.HangAsync();
        host.Time.Advance(TimeSpan.FromMilliseconds(2499));
        Assert.True(host.Keeper.LeaseIsSafe);
        host.Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False(host.Keeper.LeaseIsSafe);
    }

    [Fact]
    public async Task Renewal_CountsTheLeaseFromBeforeItWasSent()
    {
        using var host = new LeaseKeeperHost();
        await host.StartAsync();
        var slow = new TaskCompletionSource();
        host.Leases.Gate = slow.Task;
        host.Time.Advance(TimeSpan.FromSeconds(1));
        await Eventually.TrueAsync(() => host.Leases.CountOf("renew") == 1, TimeSpan.FromSeconds(10), "the renewal is sent");
        await host.Keeper.HangAsync();

        // The answer comes when the lease of the first second is nearly over: it is good for 2.5 s from the second, not from now.
        host.Time.Advance(TimeSpan.FromMilliseconds(1400));
        slow.SetResult();
        await Eventually.TrueAsync(() => host.Leases.Renewals.Count == 1, TimeSpan.FromSeconds(10), "the renewal is answered");

        host.Time.Advance(TimeSpan.FromMilliseconds(1100));
        Assert.False(host.Keeper.LeaseIsSafe);
    }

    /// <summary>Found in review: one connection that had gone silent was waited for as long as for any answer, 30 s, and for as long there was no lease.</summary>
    [Fact]
    public async Task Renewal_IsNeverAnswered_IsGivenUpWhenItsLeaseIsOver_AndTheNextOneIsSent()
    {
        using var host = new LeaseKeeperHost();
        await host.StartAsync();
        host.Leases.Gate = new TaskCompletionSource().Task;
        host.Time.Advance(TimeSpan.FromSeconds(1));
        await Eventually.TrueAsync(() => host.Leases.CountOf("renew") == 1, TimeSpan.FromSeconds(10), "the renewal is sent");
        host.Leases.Gate = Task.CompletedTask;
        var silent = host.Leases.RenewalToken;

        host.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(1, host.Leases.CountOf("renew"));
        Assert.False(silent.IsCancellationRequested);
        host.Time.Advance(TimeSpan.FromSeconds(1));
        await Eventually.TrueAsync(() => silent.IsCancellationRequested, TimeSpan.FromSeconds(10), "the store is told that nobody waits any more: it has few connections for leases");
        await Eventually.TrueAsync(
            () =>
            {
                host.Time.Advance(TimeSpan.FromMilliseconds(100));
                return host.Keeper.LeaseIsSafe;
            },
            TimeSpan.FromSeconds(10),
            "the next renewal is sent and answered");

        Assert.Equal(host.Keeper.Generation, Assert.Single(host.Leases.Renewals.Distinct()));
    }

    [Fact]
    public async Task Renewal_TakesTheCountsOfCallsAlong()
    {
        using var host = new LeaseKeeperHost();
        await host.StartAsync();
        host.Calls.Now = new(7, 1);
        await host.SecondAsync();
        Assert.Equal(new CallCounts(7, 1), host.Leases.Counted[host.Keeper.Generation]);
        host.Calls.Now = new(9, 1);
        await host.SecondAsync();

        Assert.Equal(new CallCounts(9, 1), host.Leases.Counted[host.Keeper.Generation]);
    }

    [Fact]
    public async Task Announce_IsWrittenOnceAndReadBack_AndAgainForANewGeneration()
    {
        using var host = new LeaseKeeperHost();
        var (silent, idle) = (host.Leases.Join(), host.Leases.Join());
        host.Leases.Announced[idle] = [];
        await host.StartAsync();
        var (old, one, two) = (host.Keeper.Generation, new HostName("one"), new HostName("two"));
        Assert.True(host.Keeper.MayWorkFor(old, one) && host.Keeper.MayWorkFor(silent, one) && host.Keeper.MayWorkFor(999, one));
        Assert.False(host.Keeper.MayWorkFor(idle, one));

        host.Keeper.Announce([one]);
        await host.SecondAsync();
        await host.SecondAsync();

        Assert.True(host.Keeper.MayWorkFor(old, one));
        Assert.False(host.Keeper.MayWorkFor(old, two));
        Assert.Equal(1, host.Leases.CountOf("announce"));
        host.Leases.End(old);
        await host.SecondAsync();
        Assert.Equal([one], host.Leases.Announced[host.Keeper.Generation]);
        Assert.False(host.Keeper.MayWorkFor(host.Keeper.Generation, two));
    }

    [Fact]
    public async Task Renewal_OfALapsedLease_TakesANewGenerationAndNeverTheOldOneAgain()
    {
        using var host = new LeaseKeeperHost();
        await host.StartAsync();
        var old = host.Keeper.Generation;
        host.Leases.End(old);

        await host.SecondAsync();

        Assert.Equal(old + 1, host.Keeper.Generation);
        Assert.Contains("a new generation joined", host.Changes.Skip(1));
        await host.SecondAsync();
        await host.SecondAsync();
        Assert.Equal([old, old + 1, old + 1], host.Leases.Renewals);
        Assert.False(host.Keeper.IsOver(old + 1));
    }

    [Fact]
    public async Task IsOver_AnothersLeaseThatEnded_OnceItWasSeen()
    {
        using var host = new LeaseKeeperHost();
        var other = host.Leases.Join();
        await host.StartAsync();
        Assert.False(host.Keeper.IsOver(other));
        host.Leases.End(other);
        Assert.False(host.Keeper.IsOver(other));

        await host.SecondAsync();

        Assert.True(host.Keeper.IsOver(other));
        Assert.Contains("a lease ended", host.Changes);
        Assert.False(host.Keeper.IsOver(host.Keeper.Generation), "itself");
        Assert.False(host.Keeper.IsOver(host.Keeper.Generation + 1), "one never seen");
    }

    [Fact]
    public async Task IsOver_AnothersLeaseThatEndsBetweenTwoRenewals_WhenItEnds()
    {
        // A thousand tasks of a killed silo stood for up to a second more than its lease, for that the others looked only when they renewed theirs.
        using var host = new LeaseKeeperHost();
        var other = host.Leases.Join();
        await host.StartAsync();
        host.Leases.Remaining = TimeSpan.FromMilliseconds(300);
        await host.SecondAsync();
        await Eventually.TrueAsync(() => host.Time.Armed == 2, TimeSpan.FromSeconds(10), "it waits for the end");
        host.Leases.End(other);

        host.Time.Advance(TimeSpan.FromMilliseconds(309));
        Assert.False(host.Keeper.IsOver(other));
        host.Time.Advance(TimeSpan.FromMilliseconds(1));

        await Eventually.TrueAsync(() => host.Keeper.IsOver(other), TimeSpan.FromSeconds(10), "it is seen");
        Assert.Equal(1, host.Leases.CountOf("renew"));
    }

    [Fact]
    public async Task Read_OfTheEndOfALease_FailsWithoutHarm()
    {
        using var host = new LeaseKeeperHost();
        var other = host.Leases.Join();
        await host.StartAsync();
        host.Leases.Remaining = TimeSpan.FromMilliseconds(300);
        await host.SecondAsync();
        await Eventually.TrueAsync(() => host.Time.Armed == 2, TimeSpan.FromSeconds(10), "it waits for the end");
        host.Leases.End(other);
        var reads = host.Leases.CountOf("read");
        host.Leases.IsDown = true;
        host.Time.Advance(TimeSpan.FromMilliseconds(310));
        await Eventually.TrueAsync(() => host.Leases.CountOf("read") > reads, TimeSpan.FromSeconds(10), "the fault has struck");
        host.Leases.IsDown = false;

        host.Time.Advance(TimeSpan.FromMilliseconds(690));

        await Eventually.TrueAsync(() => host.Keeper.IsOver(other), TimeSpan.FromSeconds(10), "the next renewal sees it");
    }

    [Fact]
    public async Task IsOver_AfterAnOutage_NobodyUntilOneLeaseAfterTheOwnFirstRenewal()
    {
        using var host = new LeaseKeeperHost();
        var other = host.Leases.Join();
        await host.StartAsync();
        host.Leases.IsDown = true;
        await host.SecondAsync();
        host.Leases.End(other);
        host.Leases.IsDown = false;

        await host.SecondAsync();

        Assert.True(host.Keeper.LeaseIsSafe);
        Assert.False(host.Keeper.IsOver(other));
        await host.SecondAsync();
        await host.SecondAsync();
        Assert.False(host.Keeper.IsOver(other), "two seconds after the first renewal");
        await host.SecondAsync();
        Assert.True(host.Keeper.IsOver(other), "three seconds after the first renewal");
    }

    [Fact]
    public async Task IsOver_AfterTheOwnLeaseLapsed_NobodyUntilOneLeaseAfterTheNewOne()
    {
        // Nothing failed, calls only hung: for the others the database was as far away.
        using var host = new LeaseKeeperHost();
        var other = host.Leases.Join();
        await host.StartAsync();
        host.Leases.End(host.Keeper.Generation);
        host.Leases.End(other);

        await host.SecondAsync();

        Assert.False(host.Keeper.IsOver(other));
        await host.SecondAsync();
        await host.SecondAsync();
        Assert.False(host.Keeper.IsOver(other));
        await host.SecondAsync();
        Assert.True(host.Keeper.IsOver(other));
    }

    [Fact]
    public async Task Start_AsSoleOwner_EndsAllOthers()
    {
        using var host = new LeaseKeeperHost(soleOwner: true);
        var other = host.Leases.Join();

        await host.StartAsync();

        Assert.Equal([host.Keeper.Generation], host.Keeper.LiveGenerations);
        Assert.True(host.Keeper.IsOver(other));
    }

    [Fact]
    public async Task Start_NotSoleOwner_LeavesOthersAlone()
    {
        using var host = new LeaseKeeperHost();
        host.Leases.Join();

        await host.StartAsync();

        Assert.DoesNotContain("end-others", host.Leases.Calls);
    }

    [Fact]
    public async Task Stop_WhileARenewalFails_EndsTheLeaseAllTheSame()
    {
        using var host = new LeaseKeeperHost();
        await host.StartAsync();
        var slow = new TaskCompletionSource();
        host.Leases.Gate = slow.Task;
        host.Time.Advance(TimeSpan.FromSeconds(1));
        await Eventually.TrueAsync(() => host.Leases.CountOf("renew") == 1, TimeSpan.FromSeconds(10), "the renewal is sent");
        host.Leases.Gate = Task.CompletedTask;

        var stop = host.StopAsync();
        slow.SetException(new IOException("The database went away."));
        await stop;

        Assert.Equal("leave", host.Leases.Calls[^1]);
        Assert.Empty(await host.Leases.ReadLiveAsync());
    }

    [Fact]
    public async Task Stop_EndsTheLeaseAtOnce()
    {
        using var host = new LeaseKeeperHost();
        await host.StartAsync();

        await host.StopAsync();

        Assert.Equal("leave", host.Leases.Calls[^1]);
        Assert.Empty(await host.Leases.ReadLiveAsync());
    }
}
