using System.Globalization;
using System.Xml.Linq;
using InstanceTasks.Engine;
using InstanceTasks.Verifier.Drawing;

namespace InstanceTasks.Verifier.Tests;

public sealed class DrawingTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    public static TheoryData<string> Files() => [.. Documents.All.Select(d => d.Path)];

    public static TheoryData<string> Names() => [.. Diagrams.All.Select(g => g.Name)];

    [Theory]
    [MemberData(nameof(Files))]
    public void Documentation_OfTheStateMachines_IsWhatTheCodeSays(string path)
    {
        var file = Path.Combine(Documents.Root, path);
        var drawn = Documents.All.Single(d => d.Path == path).Content;
        if (Environment.GetEnvironmentVariable("UPDATE_DOCS") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, drawn);
        }

        Assert.True(File.Exists(file), $"{path} is missing: run the test with UPDATE_DOCS=1 and commit it.");
        Assert.Equal(File.ReadAllText(file).ReplaceLineEndings("\n"), drawn);
    }

    [Fact]
    public void Documentation_HasNoOtherDrawings()
    {
        var there = Directory.GetFiles(Path.Combine(Documents.Root, "docs", "state-machines")).Select(f => $"docs/state-machines/{Path.GetFileName(f)}");

        Assert.Equal(Documents.All.Select(d => d.Path).Where(p => p.EndsWith(".svg", StringComparison.Ordinal)).Order(StringComparer.Ordinal), there.Order(StringComparer.Ordinal));
        Assert.All(there, path => Assert.Contains($"({path["docs/".Length..]})", Documents.All[0].Content, StringComparison.Ordinal));
    }

    [Fact]
    public void Diagrams_AreOfTheTwoMachinesAndOfEveryPlanWithSteps() =>
        Assert.Equal(["task", "instance", .. PlanRegistry.All.Where(p => !p.IsOneCommit).Select(p => $"plan-{p.Kind}")], Diagrams.All.Select(g => g.Name));

    [Theory]
    [MemberData(nameof(Names))]
    public void Svg_DrawnTwice_IsTheSame(string name) => Assert.Equal(SvgWriter.Write(Graph(name)), SvgWriter.Write(Graph(name)));

    [Theory]
    [MemberData(nameof(Names))]
    public void Svg_NodesAndLabels_AreThereAndNeitherOverlapNorAreCut(string name)
    {
        var svg = XDocument.Parse(SvgWriter.Write(Graph(name))).Root!;
        var size = ((string)svg.Attribute("viewBox")!).Split(' ').Select(Number).ToList();
        var boxes = svg.Elements(Svg + "rect").Where(r => r.Attribute("x") is not null).Select(Box).ToList();

        Assert.Equal(Graph(name).Nodes.Count(n => n.Style != NodeStyle.Begin) + Graph(name).Arcs.Count(a => a.Label.Count > 0), boxes.Count);
        Assert.All(boxes, b => Assert.True(b is { Left: >= 0, Top: >= 0 } && b.Right <= size[2] && b.Bottom <= size[3], $"{b} is cut"));
        for (var i = 0; i < boxes.Count; i++)
        {
            Assert.All(boxes.Skip(i + 1), other => Assert.False(Overlap(boxes[i], other), $"{boxes[i]} lies on {other}"));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Svg_EveryText_FitsIntoItsBox(string name)
    {
        var svg = XDocument.Parse(SvgWriter.Write(Graph(name))).Root!;
        var boxes = svg.Elements(Svg + "rect").Where(r => r.Attribute("x") is not null).Select(Box).ToList();
        var texts = svg.Elements(Svg + "text").Where(t => (string?)t.Attribute("class") != "title").Select(t => (X: Number((string)t.Attribute("x")!), Y: Number((string)t.Attribute("y")!), t.Value)).ToList();

        Assert.NotEmpty(texts);
        Assert.All(texts, t => Assert.Single(boxes, b => t.X > b.Left && t.X < b.Right && t.Y > b.Top && t.Y < b.Bottom && b.Right - b.Left >= t.Value.Length * 7));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Graph_EveryArc_JoinsNodesAndEveryNodeIsJoined(string name)
    {
        var graph = Graph(name);
        var ids = graph.Nodes.Select(n => n.Id).ToHashSet();

        Assert.Equal(graph.Nodes.Count, ids.Count);
        Assert.All(graph.Arcs, a => Assert.True(ids.Contains(a.From) && ids.Contains(a.To), $"{a.From} -> {a.To}"));
        Assert.All(graph.Nodes, n => Assert.Contains(graph.Arcs, a => a.From == n.Id || a.To == n.Id));
    }

    private static Graph Graph(string name) => Diagrams.All.Single(g => g.Name == name);

    private static bool Overlap(Rect a, Rect b) => a.Left < b.Right && b.Left < a.Right && a.Top < b.Bottom && b.Top < a.Bottom;

    private static Rect Box(XElement rect)
    {
        var (x, y) = (Number((string)rect.Attribute("x")!), Number((string)rect.Attribute("y")!));
        return new Rect(x, y, x + Number((string)rect.Attribute("width")!), y + Number((string)rect.Attribute("height")!));
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private sealed record Rect(double Left, double Top, double Right, double Bottom);
}
