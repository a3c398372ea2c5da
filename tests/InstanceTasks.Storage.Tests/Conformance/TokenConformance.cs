namespace InstanceTasks.Storage.Tests.Conformance;

/// <summary>A token that was taken back stays so until it would have ended anyway.</summary>
public abstract class TokenConformance : StoreTest
{
    private static readonly DateTimeOffset Later = new(2099, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Revoke_IsKnown_AlsoAfterReopeningAndTwice()
    {
        await Store.Tokens.RevokeTokenAsync("a", Later);
        await Store.Tokens.RevokeTokenAsync("a", Later);

        await Store.ReopenAsync();

        Assert.True(await Store.Tokens.IsTokenRevokedAsync("a"));
        Assert.False(await Store.Tokens.IsTokenRevokedAsync("b"));
    }

    [Fact]
    public async Task Housekeeping_ForgetsThoseThatHaveEnded()
    {
        await Store.Tokens.RevokeTokenAsync("ended", new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero));
        await Store.Tokens.RevokeTokenAsync("valid", Later);

        await Store.HousekeepingAsync();

        Assert.False(await Store.Tokens.IsTokenRevokedAsync("ended"));
        Assert.True(await Store.Tokens.IsTokenRevokedAsync("valid"));
    }
}
