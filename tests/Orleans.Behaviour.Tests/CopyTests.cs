using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Concurrency;
using Orleans.Serialization;

namespace Orleans.Behaviour.Tests;

/// <summary>What travels, and as what (orleans-api.md 1.4, 1.5, 3.3).</summary>
public class CopyTests
{
    internal static List<int>? Kept { get; set; }

    [Fact]
    public async Task Argument_ChangedByTheCallee_CallerDoesNotSeeIt()
    {
        await using var silo = await TestSilo.StartAsync();
        var value = new Marked { Name = "mine" };
        await silo.Grains.GetGrain<ICopyGrain>("c-mutate").Mutate(value);
        Assert.Equal("mine", value.Name);
    }

    [Fact]
    public async Task MarkedMembers_AlsoPrivateOnes_Travel_OthersDoNot()
    {
        await using var silo = await TestSilo.StartAsync();
        var copy = await CopyAsync(silo, new Marked { Name = "n", Left = 9, Secret = 4, Anything = new Marked { Name = "inner" } });
        Assert.Equal(("n", 7, 4, "inner"), (copy.Name, copy.Left, copy.Secret, ((Marked)copy.Anything!).Name));
    }

    [Fact]
    public async Task CyclesAndSharedObjects_KeepTheirShape()
    {
        await using var silo = await TestSilo.StartAsync();
        var value = new Marked();
        value.Self = value;
        value.Children = [value, new()];
        var copy = await CopyAsync(silo, value);
        Assert.NotSame(value, copy);
        Assert.Same(copy, copy.Self);
        Assert.Same(copy, copy.Children[0]);
    }

    [Fact]
    public async Task UnmarkedBase_IsRefused()
    {
        await using var silo = await TestSilo.StartAsync();
        var error = await Assert.ThrowsAsync<KeyNotFoundException>(() => CopyAsync(silo, new MarkedOnUnmarked { Kept = 1, Lost = 2 }));
        Assert.Contains(nameof(Orleans.Behaviour.Tests.UnmarkedBase), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PositionalRecords_ParametersAndBodyHaveTheirOwnIds()
    {
        await using var silo = await TestSilo.StartAsync();
        var value = new Positional(1, "b") { Other = 3, Body = "body" };
        Assert.Equal(value, await CopyAsync(silo, value));
        Assert.Equal(["x"], (await CopyAsync(silo, new PositionalStruct(1, new List<string> { "x" }))).B);
    }

    [Fact]
    public async Task PlainType_CallerGetsCodecNotFound()
    {
        await using var silo = await TestSilo.StartAsync();
        var grain = silo.Grains.GetGrain<ICopyGrain>("c-plain");
        await Assert.ThrowsAsync<CodecNotFoundException>(() => grain.Echo(new Plain()));
        await Assert.ThrowsAsync<CodecNotFoundException>(() => grain.Echo(new List<Plain>()));
        Assert.Null(await grain.Last());
    }

    [Fact]
    public virtual async Task ImmutableTypesParametersAndWrappers_PassByReference()
    {
        await using var silo = await TestSilo.StartAsync();
        var grain = silo.Services.GetRequiredService<IGrainFactory>().GetGrain<ICopyGrain>("c-immutable");
        var frozen = new Frozen { Values = [1] };
        Assert.Same(frozen, await grain.Echo(frozen));
        List<int> list = [1];
        await grain.KeepImmutable(list);
        Assert.Same(list, Kept);
        List<int> wrapped = [2];
        await grain.KeepWrapped(wrapped.AsImmutable());
        Assert.Same(wrapped, Kept);
    }

    [Fact]
    public async Task Converter_ForeignTypeTravelsThroughItsSurrogate()
    {
        await using var silo = await TestSilo.StartAsync();
        var value = new Foreign(4);
        var copy = await CopyAsync(silo, value);
        Assert.NotSame(value, copy);
        Assert.Equal(4, copy.X);
    }

    [Fact]
    public async Task Collections_AreCopiedDeeply()
    {
        await using var silo = await TestSilo.StartAsync();
        var inner = new Marked();
        await CheckAsync(new List<Marked> { inner }, c => c[0]);
        await CheckAsync(new[] { inner }, c => c[0]);
        await CheckAsync(new Marked[,] { { inner } }, c => c[0, 0]);
        await CheckAsync(new Dictionary<string, Marked> { ["a"] = inner }, c => c["a"]);
        await CheckAsync(ImmutableList.Create(inner), c => c[0]);
        await CheckAsync(ImmutableArray.Create(inner), c => c[0]);
        await CheckAsync((inner, 1), c => c.inner);
        await CheckAsync(Tuple.Create(inner, 1), c => c.Item1);
        await CheckAsync(new Queue<Marked>([inner]), c => c.Peek());
        Assert.Equal([3, 2, 1], await CopyAsync(silo, new Stack<int>([1, 2, 3])));
        Assert.Equal(1, (await CopyAsync(silo, new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase) { ["a"] = 1 }))["A"]);
        byte[] bytes = [1, 2];
        Assert.NotSame(bytes, await CopyAsync(silo, bytes));

        async Task CheckAsync<T>(T value, Func<T, Marked> get)
            where T : notnull
        {
            var copy = get(await CopyAsync(silo, value));
            Assert.NotSame(inner, copy);
            Assert.Equal(inner.Name, copy.Name);
        }
    }

    [Fact]
    public async Task Exceptions_MarkedOnesTravelWithTheirMarkedMembers()
    {
        await using var silo = await TestSilo.StartAsync();
        var grain = silo.Grains.GetGrain<ICopyGrain>("c-throw");
        var marked = await Assert.ThrowsAsync<MarkedException>(() => grain.Throw("marked"));
        Assert.Equal(("m", 5, 0), (marked.Message, marked.Code, marked.NotMarked));
        Assert.Contains(nameof(CopyGrain), marked.StackTrace!, StringComparison.Ordinal);
        Assert.Contains("bad", (await Assert.ThrowsAsync<ArgumentException>(() => grain.Throw("argument"))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("unmarked")]
    [InlineData("inner")]
    public async Task Exceptions_UnmarkedOnes_ArriveAsCodecNotFound(string kind)
    {
        await using var silo = await TestSilo.StartAsync();
        await Assert.ThrowsAsync<CodecNotFoundException>(() => silo.Grains.GetGrain<ICopyGrain>("c-unmarked").Throw(kind));
    }

    [Fact]
    public async Task RequestContext_FlowsToTheCalleeAndNotBack()
    {
        await using var silo = await TestSilo.StartAsync();
        var grain = silo.Grains.GetGrain<ICopyGrain>("c-context");
        RequestContext.Set("k", "v");
        Assert.Equal("v", await grain.ContextValue("k"));
        await grain.SetContext("k");
        Assert.Equal("v", RequestContext.Get("k"));
        RequestContext.Clear();
        Assert.Null(await grain.ContextValue("k"));
    }

    private static async Task<T> CopyAsync<T>(TestSilo silo, T value) => (T)(await silo.Grains.GetGrain<ICopyGrain>("c-copy").Echo(value))!;
}
