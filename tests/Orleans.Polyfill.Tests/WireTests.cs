using System.Buffers;
using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Collections.ObjectModel;
using System.Collections.Specialized;
using System.Globalization;
using System.Net;
using System.Numerics;
using System.Text;
using Orleans.Serialization;
using Orleans.Serialization.Wire;

namespace Orleans.Polyfill.Tests;

/// <summary>What crosses between processes, by the rules of what is copied within one (orleans-api.md 1.4, 1.5).</summary>
public sealed class WireTests
{
    static WireTests() => _ = new TypeManifest([]);

    public static TheoryData<object> Values { get; } = new(
        true, (byte)1, (sbyte)-1, (short)-2, (ushort)3, -4, 5u, -6L, ulong.MaxValue, long.MinValue, (nint)7, (nuint)8, 1.5f, -2.5d, 79228162514264337593543950335m, (Half)1.25,
        'x', "tëxt", Guid.Parse("0f8fad5b-d9cb-469f-a165-70867728950e"), new DateTime(2030, 1, 2, 3, 4, 5, DateTimeKind.Utc), new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.FromHours(2)),
        new DateOnly(2030, 1, 2), new TimeOnly(3, 4, 5), TimeSpan.FromMilliseconds(-1), new Uri("http://h/p?q"), new Version(1, 2, 3), BigInteger.Pow(7, 90), Int128.MinValue, UInt128.MaxValue,
        IPAddress.Parse("fe80::2"), new BitVector32(9), GrainId.Create("t", "k"), GrainType.Create("t"), GrainInterfaceType.Create("i"), IdSpan.Create("s"),
        SiloAddress.New(IPAddress.Loopback, 1, 2), new byte[] { 1, 0, 255 }, CultureInfo.InvariantCulture, IPEndPoint.Parse("[::1]:9"), DayOfWeek.Friday, SkewChoice.Second, typeof(List<int>),
        typeof(Marked), new int[] { 1, -2 }, new[] { "a", null }, new List<int> { 1, 2 }, new List<string?> { null, "x" }, new HashSet<int> { 3 }, new SortedSet<string> { "b", "a" },
        new Queue<int>([1, 2]), new Stack<int>([1, 2, 3]), new ConcurrentQueue<int>([1]), new ReadOnlyCollection<int>([1]), new Collection<int>([1]), new Dictionary<string, int> { ["a"] = 1 },
        new SortedDictionary<int, string> { [2] = "b", [1] = "a" }, new SortedList<int, string> { [1] = "a" }, new ConcurrentDictionary<string, int>(new Dictionary<string, int> { ["a"] = 1 }),
        new ReadOnlyDictionary<string, int>(new Dictionary<string, int> { ["a"] = 1 }), ImmutableArray.Create(1, 2), ImmutableList.Create("a"), ImmutableHashSet.Create(1), ImmutableSortedSet.Create(2, 1),
        ImmutableQueue.Create(1, 2), ImmutableStack.Create(1, 2), ImmutableDictionary<string, int>.Empty.Add("a", 1), ImmutableSortedDictionary<string, int>.Empty.Add("a", 1),
        new[] { 1, 2 }.ToFrozenSet(), new Dictionary<string, int> { ["a"] = 1 }.ToFrozenDictionary(), (1, "two", (long?)3), Tuple.Create(1, "two"), KeyValuePair.Create("k", 1),
        new Positional(1, "b") { Other = 3, Body = "body" }, new PositionalStruct(1, new List<string> { "x" }).B, new int[,] { { 1, 2 }, { 3, 4 } }, new int[0, 3]);

    [Theory]
    [MemberData(nameof(Values), DisableDiscoveryEnumeration = true)]
    public void Value_ThereAndBack_IsTheSame(object value)
    {
        var copy = Travel(value);
        Assert.Equal(value.GetType(), copy!.GetType());
        Assert.Equal(value, copy);
    }

    [Fact]
    public void WellKnownAddresses_AreAddressesLikeOthers()
    {
        Assert.Equal(IPAddress.Loopback, Travel(IPAddress.Loopback));
        Assert.Equal(IPAddress.Loopback, CopyContext.CopyRoot(IPAddress.Loopback));
    }

    [Fact]
    public void Value_Null_IsNull() => Assert.Null(Travel(null));

    [Fact]
    public void DefaultImmutableArray_StaysDefault() => Assert.True(((ImmutableArray<int>)Travel(default(ImmutableArray<int>))!).IsDefault);

    [Fact]
    public void MarkedMembers_AlsoPrivateOnes_Travel_OthersDoNot()
    {
        var copy = (Marked)Travel(new Marked { Name = "n", Left = 9, Secret = 4, Anything = new Marked { Name = "inner" } })!;
        Assert.Equal(("n", 7, 4, "inner"), (copy.Name, copy.Left, copy.Secret, ((Marked)copy.Anything!).Name));
        Assert.Throws<KeyNotFoundException>(() => Travel(new MarkedOnUnmarked { Kept = 1, Lost = 2 }));
    }

    [Fact]
    public void CyclesAndSharedObjects_KeepTheirShape()
    {
        var value = new Marked();
        value.Self = value;
        value.Children = [value, new()];
        value.Anything = value.Children;
        var copy = (Marked)Travel(value)!;
        Assert.Same(copy, copy.Self);
        Assert.Same(copy, copy.Children[0]);
        Assert.Same(copy.Children, copy.Anything);
    }

    [Fact]
    public void Comparers_OfTexts_Travel_OwnOnesAreRefused()
    {
        Assert.Equal(1, ((Dictionary<string, int>)Travel(new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase) { ["a"] = 1 })!)["A"]);
        Assert.Contains("A", (HashSet<string>)Travel(new HashSet<string>(StringComparer.OrdinalIgnoreCase) { "a" })!);
        Assert.Throws<CodecNotFoundException>(() => Travel(new HashSet<string>(StringComparer.InvariantCulture)));
    }

    [Fact]
    public void WhatMayNotBeCopied_MayNotTravel()
    {
        Assert.Throws<CodecNotFoundException>(() => Travel(new Plain()));
        Assert.Throws<CodecNotFoundException>(() => Travel(new List<Plain>()));
        Assert.Throws<CodecNotFoundException>(() => Travel(new UnmarkedException("u")));
        Assert.Throws<CodecNotFoundException>(() => Travel(new Marked { Anything = new MemoryStream() }));
    }

    [Fact]
    public void Converter_ForeignTypeTravelsThroughItsSurrogate() => Assert.Equal(4, ((Foreign)Travel(new Foreign(4))!).X);

    [Fact]
    public void Exceptions_KeepTypeMessageStackCauseAndMarkedMembers()
    {
        var thrown = Assert.Throws<InvalidOperationException>(
            (Action)(() => throw new InvalidOperationException("outer", new MarkedException("m") { Code = 5, NotMarked = 6, Data = { ["k"] = 1 } })));
        var copy = Assert.IsType<InvalidOperationException>(Travel(thrown));
        Assert.Equal("outer", copy.Message);
        Assert.Contains(nameof(Exceptions_KeepTypeMessageStackCauseAndMarkedMembers), copy.StackTrace!, StringComparison.Ordinal);
        var inner = Assert.IsType<MarkedException>(copy.InnerException);
        Assert.Equal(("m", 5, 0, 1), (inner.Message, inner.Code, inner.NotMarked, (int)inner.Data["k"]!));
        var several = Assert.IsType<AggregateException>(Travel(new AggregateException(new TimeoutException("a"), new OperationCanceledException("b"))));
        Assert.Equal(["a", "b"], several.InnerExceptions.Select(e => e.Message));
    }

    [Fact]
    public void Skew_MembersThatTheReaderLacks_AreDropped_AndWhatTheyShareIsNotLost()
    {
        var shared = new Marked { Name = "shared" };
        var sent = new SkewNew { Name = "n", Before = shared, Shared = shared, Parts = [new() { Inside = shared }], Choice = SkewChoice.Second };
        var read = Assert.IsType<SkewOld>(Read(Rename(Write(sent), ("skew-new", "skew-old"), ("skew-part", "skew-gone"), ("SkewChoice", "SkewNoMore"))));
        Assert.Equal(("n", "shared", 5), (read.Name, ((Marked)read.Shared!).Name, read.Added));
    }

    [Fact]
    public void Skew_AMemberThatTheReaderNeedsIsOfAnUnknownType_FailsNamingIt()
    {
        var error = Assert.Throws<SerializerException>(() => Read(Rename(Write(new SkewOld { Shared = new SkewPart() }), ("skew-part", "skew-gone"))));
        Assert.Contains("skew-gone", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Skew_AnExceptionOfAnUnknownType_ArrivesWithNameAndMessage()
    {
        var error = Assert.IsType<OrleansException>(Read(Rename(Write(new MarkedException("why")), ("MarkedException", "MarkedExceptioN"))));
        Assert.Contains("MarkedExceptioN: why", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nesting_WithoutEnd_IsRefusedByBothSides()
    {
        var root = new Marked();
        for (var i = 0; i < 10_000; i++)
        {
            root = new Marked { Self = root };
        }

        Assert.Throws<SerializerException>(() => Write(root));
        Assert.Throws<SerializerException>(() => Read([.. Enumerable.Repeat((byte)WireKind.Tuple, 100_000)]));
    }

    [Fact]
    public void Bytes_BrokenAnywhere_FailAsSerializerExceptionOrRead()
    {
        var good = Write(new List<object?> { new Positional(1, "b"), new Dictionary<string, int> { ["a"] = 1 }, new int[,] { { 1 } }, (1, "x"), new MarkedException("m"), Guid.NewGuid(), DayOfWeek.Monday, typeof(int) });
        var random = new Random(7);
        var refused = 0;
        for (var n = 0; n < 20_000; n++)
        {
            var bytes = good.ToArray();
            for (var flips = random.Next(1, 4); flips > 0; flips--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            if (Record.Exception(() => Read(n % 4 == 0 ? bytes[..random.Next(bytes.Length)] : bytes)) is { } error)
            {
                Assert.IsAssignableFrom<SerializerException>(error);
                refused++;
            }
        }

        Assert.InRange(refused, 1_000, 20_000);
    }

    [Fact]
    public void Names_OfTypesThatMayNotTravel_MakeNothing()
    {
        var bytes = Rename(Write(new SkewPart()), ("skew-part", "ABCDEFGHI"));
        foreach (var name in new[] { "System.IO.FileInfo", "Orleans.Behaviour.Tests.Plain, Orleans.Polyfill.Tests", "System.Threading.Timer" })
        {
            Assert.Throws<SerializerException>(() => Read(Named(name)));
        }

        Assert.Throws<SerializerException>(() => Read(bytes));

        static byte[] Named(string name)
        {
            var output = new ArrayBufferWriter<byte>();
            var writer = new WireWriter(output);
            writer.Byte((byte)WireKind.Object | WireWriter.Tracked);
            writer.Number(0);
            writer.Text(name);
            writer.Number(0);
            return output.WrittenSpan.ToArray();
        }
    }

    private static object? Travel(object? value) => Read(Write(value));

    private static byte[] Write(object? value)
    {
        var output = new ArrayBufferWriter<byte>();
        new WireWriter(output).Value(value);
        return output.WrittenSpan.ToArray();
    }

    private static object? Read(byte[] bytes)
    {
        var reader = new WireReader(bytes);
        var value = reader.Value();
        return reader.Left == 0 ? value : throw WireReader.Broken("something follows");
    }

    /// <summary>Names of equal length are exchanged, as if the other side had another version of the type.</summary>
    private static byte[] Rename(byte[] bytes, params (string From, string To)[] names)
    {
        var text = Encoding.Latin1.GetString(bytes);
        foreach (var (from, to) in names)
        {
            Assert.Equal(from.Length, to.Length);
            Assert.Contains(from, text, StringComparison.Ordinal);
            text = text.Replace(from, to, StringComparison.Ordinal);
        }

        return Encoding.Latin1.GetBytes(text);
    }
}
