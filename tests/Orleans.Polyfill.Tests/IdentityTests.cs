using System.Net;
using System.Text;

namespace Orleans.Polyfill.Tests;

/// <summary>Keys, ids, references (orleans-api.md 2.1).</summary>
public sealed class IdentityTests
{
    [Theory]
    [InlineData(255, "FF")]
    [InlineData(-1, "FFFFFFFFFFFFFFFF")]
    [InlineData(0, "0")]
    public void IntegerKey_IsUpperCaseHex(long key, string text)
    {
        var id = GrainId.Create(GrainType.Create("a"), GrainIdKeyExtensions.CreateIntegerKey(key));
        Assert.Equal($"a/{text}", id.ToString());
        Assert.Equal(key, id.GetIntegerKey());
    }

    [Fact]
    public void GuidKey_IsLowerCaseHex_ExtensionAfterPlus()
    {
        var guid = Guid.Parse("0123ABCD-0000-0000-0000-00000000000F");
        var id = GrainId.Create(GrainType.Create("a"), GrainIdKeyExtensions.CreateGuidKey(guid, "x/y+z"));
        Assert.Equal("a/0123abcd00000000000000000000000f+x/y+z", id.ToString());
        Assert.Equal((guid, "x/y+z"), (id.GetGuidKey(out var extension), extension));
        Assert.Equal(id, GrainId.Parse(id.ToString()));
    }

    [Fact]
    public async Task References_AreEqualByGrainAndKnowTheirKeys()
    {
        await using var silo = await TestSilo.StartAsync();
        var grain = silo.Grains.GetGrain<ITurnGrain>("k1");
        Assert.Equal(grain, silo.Grains.GetGrain<ITurnGrain>("k1"));
        Assert.Equal("turn/k1", grain.GetGrainId().ToString());
        Assert.Equal("GrainReference:turn/k1:Orleans.Behaviour.Tests.ITurnGrain", grain.ToString());
        Assert.IsAssignableFrom<GrainReference>(grain);
        Assert.Equal("k1", grain.GetPrimaryKeyString());
        Assert.Throws<InvalidOperationException>(() => grain.GetPrimaryKey());
        Assert.Throws<InvalidOperationException>(() => grain.GetPrimaryKeyLong());
        Assert.Equal(7, silo.Grains.GetGrain<IClassicGrain>(7).GetPrimaryKeyLong());
        Assert.Equal(new Guid(0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0), silo.Grains.GetGrain<IClassicGrain>(7).GetPrimaryKey());
        Assert.Equal(1, await grain.AsReference<ITurnGrain>().Add(1, 0));
    }

    [Fact]
    public async Task GetGrain_NullOrBlankKey_IsRefused()
    {
        await using var silo = await TestSilo.StartAsync();
        Assert.Throws<ArgumentNullException>(() => silo.Grains.GetGrain<ITurnGrain>((string)null!));
        Assert.Throws<ArgumentException>(() => silo.Grains.GetGrain<ITurnGrain>(" "));
    }

    [Fact]
    public async Task GetGrain_NoClassOrSeveral_IsRefused()
    {
        await using var silo = await TestSilo.StartAsync();
        Assert.Throws<ArgumentException>(() => silo.Grains.GetGrain<INobodyGrain>("x"));
        Assert.Equal("counter", silo.Grains.GetGrain<ICounterGrain>("x").GetGrainId().Type.ToString());
        Assert.Equal("sqlcounter", silo.Grains.GetGrain<ICounterGrain>("x", "SqlCounter").GetGrainId().Type.ToString());
    }

    [Fact]
    public void SiloAddress_Formats()
    {
        var address = SiloAddress.New(IPAddress.Loopback, 26221, 154346510);
        Assert.Equal("S127.0.0.1:26221:154346510", address.ToString());
        Assert.Equal("127.0.0.1:26221@154346510", address.ToParsableString());
        Assert.Equal(address, SiloAddress.FromParsableString(address.ToParsableString()));
        Assert.NotEqual(SiloAddress.AllocateNewGeneration(), SiloAddress.AllocateNewGeneration());
        Assert.True(SiloAddress.New(IPAddress.Loopback, 1, 3).IsSuccessorOf(SiloAddress.New(IPAddress.Loopback, 1, 2)));
    }

    [Theory]
    [InlineData("", 0x02CC5D05u)]
    [InlineData("abc", 0x32D153FFu)]
    [InlineData("Nobody inspects the spammish repetition", 0xE2293B2Fu)]
    public void XxHash32_PublishedVectors(string text, uint expected) => Assert.Equal(expected, XxHash32.Hash(Encoding.UTF8.GetBytes(text)));

    public interface INobodyGrain : IGrainWithStringKey
    {
        Task Nothing();
    }
}
