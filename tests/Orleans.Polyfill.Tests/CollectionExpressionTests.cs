namespace Orleans.Polyfill.Tests;

/// <summary>Where the polyfill refuses what real Orleans takes.</summary>
public sealed class CollectionExpressionTests
{
    [Fact]
    public void CollectionExpression_InAReadOnlyInterface_IsATypeOfTheCompilersOwn_AndRefused()
    {
        var pair = new PositionalStruct(1, ["x"]);
        Assert.Throws<Orleans.Serialization.CodecNotFoundException>(() => Orleans.Serialization.CopyContext.CopyRoot(pair));
    }
}
