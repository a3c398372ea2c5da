using InstanceTasks.Client;
using InstanceTasks.Dashboard.Components.Parts;
using InstanceTasks.Dashboard.Tests.Reading;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace InstanceTasks.Dashboard.Tests.Parts;

/// <summary>Parts as they are rendered, without a browser.</summary>
public sealed class PartTests
{
    [Fact]
    public async Task State_OfATask_IsAWordWithATone() =>
        Assert.Equal("<span class=\"state alarm\">needs attention</span>", await RenderAsync<State>(("Of", "needs_attention")));

    [Fact]
    public async Task Ago_OfATime_HasTheExactOneInItsTitle()
    {
        var html = await RenderAsync<Ago>(("At", (DateTimeOffset?)Some.Noon));

        Assert.Contains("title=\"2026-11-26 12:00:00.000 UTC\"", html, StringComparison.Ordinal);
        Assert.Contains("data-ago", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PlanTable_WithAPointOfNoReturn_DrawsItBeforeItsStep()
    {
        var plan = Engine.PlanRegistry.WithParents.First(p => p.PointOfNoReturn > 0 && p.PointOfNoReturn < p.Steps.Count);

        var html = await RenderAsync<PlanTable>(("Of", Some.Task(plan.Kind.Name, 0, null, "running") with { PlanVersion = plan.Version }));

        var step = InstanceTasks.Dashboard.Reading.Wording.Words(plan.Steps[plan.PointOfNoReturn].Name);
        Assert.InRange(html.IndexOf("no-return", StringComparison.Ordinal), 0, html.IndexOf($"<b>{step}</b>", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Timeline_OfATask_HasABarForEachStepWithWhatItWas()
    {
        var html = await RenderAsync<TimelineView>(
            ("Tasks", (IReadOnlyList<TaskInfo>)[Some.Task("stop", 0, 2, "succeeded", Some.Step("shut-down-guest"), Some.Step("power-off", from: 1, to: 2))]), ("Events", Array.Empty<TaskEvents>().ToLookup(e => e.TaskId)), ("Now", Some.Noon));

        Assert.Contains("<title>shut down guest: done, 1 attempt, 1.0 s</title>", html, StringComparison.Ordinal);
        Assert.DoesNotContain("style=", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DryRun_ThatWouldBeRefused_SaysWhy()
    {
        var run = new DryRun("stop", Guid.NewGuid(), "refuse", null, new(409, "It is stopped already.", null, false), [], null, [], null);

        Assert.Contains("It is stopped already.", await RenderAsync<DryRunView>(("Of", run)), StringComparison.Ordinal);
    }

    private static async Task<string> RenderAsync<T>(params (string Name, object? Value)[] parameters)
        where T : IComponent
    {
        await using var services = new ServiceCollection().AddSingleton(TimeProvider.System).BuildServiceProvider();
        await using var renderer = new HtmlRenderer(services, NullLoggerFactory.Instance);
        return await renderer.Dispatcher.InvokeAsync(async () =>
            (await renderer.RenderComponentAsync<T>(ParameterView.FromDictionary(parameters.ToDictionary(p => p.Name, p => p.Value)))).ToHtmlString());
    }
}
