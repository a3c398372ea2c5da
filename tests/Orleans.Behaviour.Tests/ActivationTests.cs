using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;

namespace Orleans.Behaviour.Tests;

/// <summary>How activations begin, end and are placed; what is dropped and what filters see (orleans-api.md 2.6, 3.2, 3.4).</summary>
public partial class ActivationTests
{
    [Fact]
    public async Task FailingDeactivation_IsSwallowed()
    {
        await using var silo = await TestSilo.StartAsync();
        Probe.Of("ac-end").Gate.SetResult();
        var grain = silo.Grains.GetGrain<IFailingGrain>("ac-end");
        await grain.Touch();
        await grain.Touch();
        Assert.Equal(["activate", "deactivate", "activate"], Probe.Of("ac-end").Log.Take(3));
    }

    [Fact]
    public virtual async Task ExpiredRequest_NotBegun_IsDropped()
    {
        await using var silo = await TestSilo.StartAsync(responseTimeout: TimeSpan.FromSeconds(0.3));
        var grain = silo.Grains.GetGrain<ITurnGrain>("ac-expired");
        var probe = Probe.Of("ac-expired");
        var running = grain.Hold("a");
        var queued = grain.Note("never");
        await Assert.ThrowsAsync<TimeoutException>(() => running);
        await Assert.ThrowsAsync<TimeoutException>(() => queued);
        probe.Gate.SetResult();
        await grain.Note("after");
        Assert.Equal(["begin a", "end a", "after"], probe.Log);
    }

    [Fact]
    public async Task ClassWithoutBase_HasIdentityAndDeactivation()
    {
        await using var silo = await TestSilo.StartAsync();
        var key = Guid.NewGuid();
        var grain = silo.Grains.GetGrain<IPlainClassGrain>(key, "ext");
        var first = await grain.Who();
        Assert.StartsWith($"{key:N}+ext ", first, StringComparison.Ordinal);
        await grain.Leave();
        Assert.NotEqual(first, await grain.Who());
    }

    [Fact]
    public async Task AttributesOnClassMethods_DoNothing()
    {
        await using var silo = await TestSilo.StartAsync();
        var grain = silo.Grains.GetGrain<IClassAttributesGrain>("ac-attributes");
        var probe = Probe.Of("ac-attributes");
        await grain.NotOneWay();
        Assert.Equal(["done"], probe.Log);
        var one = grain.NotReadOnly("1");
        await Wait.Until(() => probe.Log.Contains("1"), "the first begins");
        var two = grain.NotReadOnly("2");
        var waits = grain.NotShort();
        Assert.DoesNotContain("2", probe.Log);
        probe.Gate.SetResult();
        await Task.WhenAll(one, two, waits);
        Assert.Equal(["done", "1", "/1", "2", "/2"], probe.Log);
    }

    [Fact]
    public async Task Filters_RunInOrder_SiloThenGrainThenMethod()
    {
        var log = Probe.Of("filters").Log;
        await using var silo = await TestSilo.StartAsync(builder =>
        {
            builder.AddOutgoingGrainCallFilter(c => Around("out", c));
            builder.AddIncomingGrainCallFilter(c => Around("in1", c));
            builder.AddIncomingGrainCallFilter(c => Around("in2", c));
        });
        var grain = silo.Services.GetRequiredService<IGrainFactory>().GetGrain<IFilteredGrain>(1);
        Assert.Equal("changed", await grain.Say("original"));
        Assert.Equal(["out", "in1", "in2", "grain FilteredGrain.Say", "body", "in2 changed", "in1 changed", "out changed"], log);
        Assert.Equal("failed", (await Assert.ThrowsAsync<InvalidOperationException>(grain.Fail)).Message);
        Assert.Contains("out InvalidOperationException", log);

        async Task Around(string name, IGrainCallContext context)
        {
            if (context.MethodName is not (nameof(IFilteredGrain.Say) or nameof(IFilteredGrain.Fail)))
            {
                // Orleans calls itself through them, too.
                await context.Invoke();
                return;
            }

            log.Enqueue(name);
            if (name == "in1" && context.MethodName == nameof(IFilteredGrain.Say))
            {
                context.Request.SetArgument(0, "changed");
            }

            try
            {
                await context.Invoke();
                log.Enqueue($"{name} {context.Result}");
            }
            catch (InvalidOperationException error)
            {
                log.Enqueue($"{name} {error.GetType().Name}");
                throw;
            }
        }
    }

    [Fact]
    public async Task Filter_NeitherInvokingNorAnswering_IsAnError()
    {
        await using var silo = await TestSilo.StartAsync(b => b.AddIncomingGrainCallFilter(c => c.MethodName == nameof(ITurnGrain.Note) ? Task.CompletedTask : c.Invoke()));
        await Assert.ThrowsAsync<InvalidOperationException>(() => silo.Grains.GetGrain<ITurnGrain>("ac-filter").Note("x"));
        Assert.Empty(Probe.Of("ac-filter").Log);
    }

    [Fact]
    public async Task PreferLocal_LivesWithItsCaller()
    {
        await using var silo = await TestSilo.StartAsync(silos: 3);
        for (var n = 0; n < 10; n++)
        {
            var grain = silo.Grains.GetGrain<ILocalGrain>($"caller{n}");
            Assert.Equal(await grain.Silo(), await grain.SiloOfLocal($"callee{n}"));
        }
    }
}
