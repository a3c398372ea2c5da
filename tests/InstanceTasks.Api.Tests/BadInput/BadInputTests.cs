using InstanceTasks.Api.Tests.Exactness;
using InstanceTasks.Api.Tests.OpenApi;
using Xunit.Abstractions;

namespace InstanceTasks.Api.Tests.BadInput;

/// <summary>
/// Requests that the document describes, spoiled at random: each is refused with 4xx in Nova's envelope, or answered where it was not so bad; none hangs, none leaves anything half done, none writes
/// into the log. A failure prints the two variables that send the same request again.
/// </summary>
public sealed class BadInputTests(DescribedApi described, ITestOutputHelper output) : IClassFixture<DescribedApi>
{
    [Fact]
    public Task Send_FiveThousandOfToday_EachIsRefusedAndNothingIsHalfDone() => RunAsync(5_000);

    [Fact]
    [Trait("Category", "Full")]
    public Task Send_HundredThousandOfToday_EachIsRefusedAndNothingIsHalfDone() => RunAsync(100_000);

    [Fact]
    public async Task Send_ToAnApiThatBreaks_IsFound()
    {
        described.Api.Logs.From = Microsoft.Extensions.Logging.LogLevel.None;
        var target = new FakeTarget(described);
        var breaking = new BreakingTarget(target, described);

        var run = new BadInputRun(breaking, described.Docs, described.Api.Client.BaseAddress!, seed: 1);
        await run.SendAsync(200);
        described.Api.Cloud.Broken = null;

        Assert.Contains(run.Problems, p => p.Contains("a status that nobody should see: 500", StringComparison.Ordinal));
    }

    private async Task RunAsync(int count)
    {
        described.Api.Logs.From = Microsoft.Extensions.Logging.LogLevel.Debug;
        var run = new BadInputRun(new FakeTarget(described), described.Docs, described.Api.Client.BaseAddress!, BadInputRun.SeedOfToday);

        await run.SendAsync(count);

        output.WriteLine($"report: {run.Sent} requests of bad input ({BadInputRun.SeedVariable}={BadInputRun.SeedOfToday} sends the same again)");
        run.Statistics(byMutation: false).ToList().ForEach(l => output.WriteLine($"report: {l}"));
        run.Statistics(byMutation: true).ToList().ForEach(output.WriteLine);
        Assert.True(run.Problems.Count == 0, string.Join(Environment.NewLine, run.Problems));
        if (run.Sent == count)
        {
            Assert.Equal(Mutation.All.Select(m => $"{m}").Order(StringComparer.Ordinal), run.Used);
        }

        World.Plant(described.Api);
        Assert.Equal(200, (await described.SendAsync("GET", "/v2.1/servers", null, 96)).Status);
    }

    /// <summary>The same, and the store of the API fails.</summary>
    private sealed class BreakingTarget(FakeTarget target, DescribedApi described) : IBadInputTarget
    {
        public IReadOnlyList<DescribedRequest> Requests => target.Requests;

        public RawRequest Fill(DescribedRequest request) => target.Fill(request);

        public void Before()
        {
            target.Before();
            described.Api.Cloud.Broken = new InvalidDataException("broken");
        }

        public Task<string?> AfterAsync(RawRequest sent, RawAnswer answer) => target.AfterAsync(sent, answer);
    }
}
