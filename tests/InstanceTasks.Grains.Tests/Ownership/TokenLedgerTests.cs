using InstanceTasks.Engine;

namespace InstanceTasks.Grains.Tests.Ownership;

public sealed class TokenLedgerTests
{
    [Fact]
    public void TrySpend_TheSameTokenAgain_IsFalse()
    {
        var ledger = new TokenLedger();
        var token = Guid.NewGuid();

        Assert.True(ledger.TrySpend(token));
        Assert.False(ledger.TrySpend(token));
        Assert.True(ledger.TrySpend(Guid.NewGuid()));
    }

    [Fact]
    public void TrySpend_FromManyThreads_SucceedsOnce()
    {
        var ledger = new TokenLedger();
        var token = Guid.NewGuid();
        var won = 0;

        Parallel.For(0, 1000, _ => Interlocked.Add(ref won, ledger.TrySpend(token) ? 1 : 0));

        Assert.Equal(1, won);
    }

    [Fact]
    public void TrySpend_AfterVeryMany_ForgetsTheOldestOnly()
    {
        var ledger = new TokenLedger();
        var (first, last) = (Guid.NewGuid(), Guid.NewGuid());
        ledger.TrySpend(first);
        for (var i = 0; i < 100_000; i++)
        {
            ledger.TrySpend(Guid.NewGuid());
        }

        ledger.TrySpend(last);

        Assert.True(ledger.TrySpend(first));
        Assert.False(ledger.TrySpend(last));
    }
}
