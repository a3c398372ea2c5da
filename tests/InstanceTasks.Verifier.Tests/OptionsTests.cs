using InstanceTasks.Engine;
using InstanceTasks.Verifier.Model;

namespace InstanceTasks.Verifier.Tests;

public sealed class OptionsTests
{
    [Fact]
    public void Parse_Nothing_VerifiesWhatTheTestsVerify()
    {
        var options = Options.Parse([]);

        Assert.Equal((false, false, null, null), (options.ShowHelp, options.Draw, options.First, options.Second));
        Assert.Same(Bounds.OfTests, options.Passes);
    }

    [Fact]
    public void Parse_KindsAndBounds_MakeOnePass()
    {
        var options = Options.Parse(["verify", "--first", "stop", "--second", "delete", "--crashes", "2", "--faults", "3"]);

        Assert.Equal((TaskKinds.Stop, TaskKinds.Delete), (options.First!.Value, options.Second!.Value));
        Assert.Equal(Bounds.OfTests[0] with { Crashes = 2, Faults = 3 }, Assert.Single(options.Passes));
    }

    [Theory]
    [InlineData("draw", true, false)]
    [InlineData("--help", false, true)]
    [InlineData("-h", false, true)]
    public void Parse_OtherCommands_AreKnown(string argument, bool draw, bool help)
    {
        var options = Options.Parse([argument]);

        Assert.Equal((draw, help), (options.Draw, options.ShowHelp));
    }

    [Theory]
    [InlineData("'--colour' is not an option.", "--colour")]
    [InlineData("'--first' needs a value.", "--first")]
    [InlineData("There is no kind 'explode'", "--first", "explode")]
    [InlineData("'many' is not a number.", "--crashes", "many")]
    [InlineData("'-1' is not a number.", "--crashes", "-1")]
    public void Parse_Wrong_SaysWhat(string message, params string[] arguments) =>
        Assert.Contains(message, Assert.Throws<FormatException>(() => Options.Parse(arguments)).Message, StringComparison.Ordinal);
}
