using System.Text;

namespace InstanceTasks.Hypervisors.Tests;

public sealed class ConsoleTailTests
{
    [Theory]
    [InlineData("a\nb\nc", 1, "c")]
    [InlineData("a\nb\nc", 2, "b\nc")]
    [InlineData("a\nb\nc", 3, "a\nb\nc")]
    [InlineData("a\nb\nc", 30, "a\nb\nc")]
    [InlineData("a\nb\nc", 0, "")]
    [InlineData("a\nb\nc", -1, "a\nb\nc")]
    [InlineData("a\nb\nc", null, "a\nb\nc")]
    [InlineData("a\nb\n", 1, "")]
    [InlineData("a\nb\n", 2, "b\n")]
    [InlineData("\na", 1, "a")]
    [InlineData("\na", 2, "\na")]
    [InlineData("", 5, "")]
    [InlineData("no line feed", 1, "no line feed")]
    public void Of_SomeLines_AreTheLastAsNovaCountsThem(string log, int? lines, string expected) => Assert.Equal(expected, ConsoleTail.Of(log, lines));

    [Fact]
    public void Of_ALongLog_IsItsNewestPart()
    {
        var log = new string('a', ConsoleTail.MostBytes) + "the end";

        var tail = ConsoleTail.Of(log, null);

        Assert.Equal(ConsoleTail.MostBytes, tail.Length);
        Assert.EndsWith("aaathe end", tail, StringComparison.Ordinal);
        Assert.Equal(log[..ConsoleTail.MostBytes], ConsoleTail.Of(log[..ConsoleTail.MostBytes], null));
    }

    [Fact]
    public void Of_ALongLogOfWideCharacters_BeginsWithAWholeOne()
    {
        var tail = ConsoleTail.Of("x" + string.Concat(Enumerable.Repeat("€", ConsoleTail.MostBytes)), null);

        Assert.All(tail, c => Assert.Equal('€', c));
        Assert.InRange(Encoding.UTF8.GetByteCount(tail), ConsoleTail.MostBytes - 3, ConsoleTail.MostBytes);
    }
}
