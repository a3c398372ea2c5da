using Orleans.Concurrency;

namespace Orleans.Polyfill.Tests;

/// <summary>What the real generator refuses, the silo refuses at its start (orleans-api.md 1.4 to 1.6).</summary>
public sealed class StartupCheckTests
{
    [Theory]
    [InlineData(typeof(Bad.IProperty), "ORLEANS0008")]
    [InlineData(typeof(Bad.IEvent), "CS0535")]
    [InlineData(typeof(Bad.IStaticAbstract), "CS0535")]
    [InlineData(typeof(Bad.IByReference), "ORLEANS0002")]
    [InlineData(typeof(Bad.IReturn), "ORLEANS0009")]
    [InlineData(typeof(Bad.IStream), "IAsyncEnumerable")]
    [InlineData(typeof(Bad.IGeneric), "generic")]
    [InlineData(typeof(Bad.IPlainArgument), "no serializer")]
    [InlineData(typeof(Bad.IPlainResult), "no serializer")]
    [InlineData(typeof(Bad.ITwoTokens), "ORLEANS0109")]
    [InlineData(typeof(Bad.IMethodAlias), "ORLEANS0011")]
    [InlineData(typeof(Bad.InterleaveOnClassGrain), "ORLEANS0001")]
    [InlineData(typeof(Bad.SerializableGrain), "ORLEANS0013")]
    [InlineData(typeof(Bad.NoId), "ORLEANS0004")]
    [InlineData(typeof(Bad.PrivateFieldNoId), "ORLEANS0004")]
    [InlineData(typeof(Bad.TwiceTheId), "ORLEANS0012")]
    [InlineData(typeof(Bad.StaticId), "ORLEANS0006")]
    [InlineData(typeof(Bad.NoSetter), "ORLEANS0101")]
    [InlineData(typeof(Bad.HoldsPlain), "no serializer")]
    public void Check_BadType_NamesItAndTheRule(Type type, string rule)
    {
        var errors = ContractRules.CheckType(type).ToList();
        Assert.NotEmpty(errors);
        Assert.All(errors, e => Assert.Contains(type.Name, e, StringComparison.Ordinal));
        Assert.Contains(errors, e => e.Contains(rule, StringComparison.Ordinal));
    }

    [Fact]
    public void Check_PrivateNestedMessage_IsNotAccessible() =>
        Assert.Contains("ORLEANS0107", Assert.Single(ContractRules.CheckType(typeof(Hidden))), StringComparison.Ordinal);

    [Fact]
    public void Check_SameAliasTwice_IsRefused() =>
        Assert.Contains("ORLEANS0011", Assert.Single(ContractRules.DuplicateAliases([typeof(Bad.AliasOne), typeof(Bad.AliasTwo)])), StringComparison.Ordinal);

    [Theory]
    [InlineData(typeof(Good.Everything))]
    [InlineData(typeof(Good.Positional))]
    [InlineData(typeof(Good.PositionalStruct))]
    [InlineData(typeof(Good.IInterface))]
    public void Check_WhatTheCompilerTakes_IsTaken(Type type) => Assert.Empty(ContractRules.CheckType(type));

    [Fact]
    public async Task SiloStart_BadTypes_FailsNamingAllOfThem()
    {
        var error = await Assert.ThrowsAsync<OrleansConfigurationException>(() =>
            TestSilo.StartAsync(silo => silo.Configure<ManifestOptions>(o => o.ExtraTypes.AddRange([typeof(Bad.IProperty), typeof(Bad.NoId)]))));
        Assert.Contains("IProperty", error.Message, StringComparison.Ordinal);
        Assert.Contains("NoId", error.Message, StringComparison.Ordinal);
    }

    [NotInManifest]
    [GenerateSerializer]
    private sealed class Hidden;
}

[NotInManifest]
internal static class Good
{
    [Alias("good.IInterface")]
    internal interface IInterface : IGrainWithStringKey
    {
        Task A(int a, params string[] more);

        Task<Everything?> B(IReadOnlyList<Positional> list, object anything, CancellationToken token = default);

        ValueTask C();

        ValueTask<Dictionary<string, Guid?>> D((int, string) pair);

        void E();
    }

    [GenerateSerializer]
    internal sealed class Everything
    {
        [Id(0)]
        private readonly int hidden = 1;

        [NonSerialized]
        private int skipped = 2;

        [Id(1)]
        public required string Required { get; init; }

        [Id(2)]
        public int GetOnly { get; } = 3;

        public int Computed => hidden + skipped++ + Required.Length + GetOnly;
    }

    [GenerateSerializer]
    internal sealed record Positional(int A, string B)
    {
        [Id(0)]
        public int Body { get; init; }
    }

    [GenerateSerializer]
    internal readonly record struct PositionalStruct(int A, string B);
}

[NotInManifest]
internal static class Bad
{
    internal interface IProperty : IGrainWithStringKey
    {
        int Value { get; }
    }

    internal interface IEvent : IGrainWithStringKey
    {
        event EventHandler Happened;
    }

    internal interface IStaticAbstract : IGrainWithStringKey
    {
        static abstract Task Do();
    }

    internal interface IByReference : IGrainWithStringKey
    {
        Task Do(ref int a, out int b, in int c);
    }

    internal interface IReturn : IGrainWithStringKey
    {
        int Do();
    }

    internal interface IStream : IGrainWithStringKey
    {
        IAsyncEnumerable<int> Do();
    }

    internal interface IGeneric : IGrainWithStringKey
    {
        Task Do<T>(T value);
    }

    internal interface IPlainArgument : IGrainWithStringKey
    {
        Task Do(List<Plain> value);
    }

    internal interface IPlainResult : IGrainWithStringKey
    {
        Task<Plain> Do();
    }

    internal interface ITwoTokens : IGrainWithStringKey
    {
        Task Do(CancellationToken a, CancellationToken b);
    }

    internal interface IMethodAlias : IGrainWithStringKey
    {
        [Alias("same")]
        Task One();

        [Alias("same")]
        Task Two();
    }

    internal interface IEmpty : IGrainWithStringKey
    {
        Task Do();
    }

    internal sealed class InterleaveOnClassGrain : Grain, IEmpty
    {
        [AlwaysInterleave]
        public Task Do() => Task.CompletedTask;
    }

    [GenerateSerializer]
    internal sealed class SerializableGrain : Grain, IEmpty
    {
        public Task Do() => Task.CompletedTask;
    }

    [GenerateSerializer]
    internal sealed class NoId
    {
        public int Value { get; set; }
    }

    [GenerateSerializer]
    internal sealed class PrivateFieldNoId
    {
        private int value;

        public int Next() => ++value;
    }

    [GenerateSerializer]
    internal sealed class TwiceTheId
    {
        [Id(0)]
        public int A { get; set; }

        [Id(0)]
        public int B { get; set; }
    }

    [GenerateSerializer]
    internal sealed class StaticId
    {
        [Id(0)]
        public static int A { get; set; }
    }

    [GenerateSerializer]
    internal sealed class NoSetter
    {
        [Id(0)]
        public int A => 1;
    }

    [GenerateSerializer]
    internal sealed class HoldsPlain
    {
        [Id(0)]
        public Plain? A { get; set; }
    }

    [Alias("bad.same")]
    [GenerateSerializer]
    internal sealed class AliasOne;

    [Alias("bad.same")]
    [GenerateSerializer]
    internal sealed class AliasTwo;
}
