namespace InstanceTasks.Verifier.Drawing;

/// <summary>Something that takes a place in a layer: a node, the label of an arc, or a bend of a long arc.</summary>
internal sealed class Cell(int layer, double width, double height)
{
    public int Layer { get; } = layer;

    public double Width { get; } = width;

    public double Height { get; } = height;

    /// <summary>The middle.</summary>
    public double X { get; set; }

    public List<Cell> Above { get; } = [];

    public List<Cell> Below { get; } = [];

    public Node? Node { get; init; }

    public IReadOnlyList<string> Label { get; init; } = [];
}

/// <summary>An arc as cells from its upper to its lower end.</summary>
internal sealed record Chain(Arc Arc, IReadOnlyList<Cell> Cells, bool Upwards);

/// <summary>
/// A layered drawing: every arc goes from layer to layer, and its label is a cell of its own on the way, so that nothing can lie on it.
/// Nodes are on even layers and labels on odd ones. The same graph always gives the same layers.
/// </summary>
internal sealed class Layers
{
    private const int Sweeps = 24;

    private readonly Dictionary<string, Cell> _nodes = [];

    public Layers(Graph graph)
    {
        var order = graph.Nodes.Select((n, i) => (n.Id, i)).ToDictionary(n => n.Id, n => n.i);
        var levels = Levels(graph, order);
        foreach (var node in graph.Nodes)
        {
            _nodes[node.Id] = Put(new Cell(levels[node.Id], Text.Width(node.Lines) + 24, Text.Height(node.Lines) + 16) { Node = node });
        }

        Chains = [.. graph.Arcs.Select(a => Thread(a, order[a.From] > order[a.To]))];
        Sort();
    }

    /// <summary>From top to bottom, each from left to right.</summary>
    public List<List<Cell>> All { get; } = [];

    public IReadOnlyList<Chain> Chains { get; }

    // An arc against the order of the nodes counts as turned round; then the longest way from the top is a node's layer.
    private static Dictionary<string, int> Levels(Graph graph, Dictionary<string, int> order)
    {
        var levels = graph.Nodes.ToDictionary(n => n.Id, _ => 0);
        foreach (var node in graph.Nodes)
        {
            foreach (var arc in graph.Arcs.Where(a => a.From == node.Id || a.To == node.Id))
            {
                var other = arc.From == node.Id ? arc.To : arc.From;
                if (order[other] > order[node.Id])
                {
                    levels[other] = Math.Max(levels[other], levels[node.Id] + 2);
                }
            }
        }

        return levels;
    }

    private Cell Put(Cell cell)
    {
        while (All.Count <= cell.Layer)
        {
            All.Add([]);
        }

        All[cell.Layer].Add(cell);
        return cell;
    }

    private Chain Thread(Arc arc, bool upwards)
    {
        var (top, bottom) = upwards ? (_nodes[arc.To], _nodes[arc.From]) : (_nodes[arc.From], _nodes[arc.To]);
        // Near the end where the arc begins.
        var labelled = upwards ? bottom.Layer - 1 : top.Layer + 1;
        var cells = new List<Cell> { top };
        for (var layer = top.Layer + 1; layer < bottom.Layer; layer++)
        {
            var label = layer == labelled ? arc.Label : [];
            cells.Add(Put(label.Count > 0 ? new Cell(layer, Text.Width(label) + 8, Text.Height(label) + 4) { Label = label } : new Cell(layer, 12, 0)));
        }

        cells.Add(bottom);
        for (var i = 1; i < cells.Count; i++)
        {
            cells[i - 1].Below.Add(cells[i]);
            cells[i].Above.Add(cells[i - 1]);
        }

        return new Chain(arc, cells, upwards);
    }

    /// <summary>Orders each layer so that few arcs cross: each cell to the middle of its neighbours, down and up, and the best is kept.</summary>
    private void Sort()
    {
        var best = All.Select(l => l.ToList()).ToList();
        var fewest = Crossings();
        for (var sweep = 0; sweep < Sweeps; sweep++)
        {
            Sweep(down: sweep % 2 == 0);
            if (Crossings() is var crossings && crossings < fewest)
            {
                fewest = crossings;
                best = [.. All.Select(l => l.ToList())];
            }
        }

        for (var i = 0; i < All.Count; i++)
        {
            All[i] = best[i];
        }
    }

    private void Sweep(bool down)
    {
        for (var n = 1; n < All.Count; n++)
        {
            var layer = down ? n : All.Count - 1 - n;
            var beside = All[down ? layer - 1 : layer + 1];
            var at = beside.Select((c, i) => (c, i)).ToDictionary(c => c.c, c => c.i);
            All[layer] = [.. All[layer].Select((c, i) => (Cell: c, Key: Middle(down ? c.Above : c.Below, at, i))).OrderBy(c => c.Key).Select(c => c.Cell)];
        }
    }

    private static double Middle(List<Cell> neighbours, Dictionary<Cell, int> at, int otherwise) =>
        neighbours.Count == 0 ? otherwise : neighbours.Average(n => at[n]);

    private int Crossings()
    {
        var sum = 0;
        for (var layer = 0; layer + 1 < All.Count; layer++)
        {
            var at = All[layer + 1].Select((c, i) => (c, i)).ToDictionary(c => c.c, c => c.i);
            var ends = All[layer].SelectMany(c => c.Below.Select(b => at[b]).Order()).ToList();
            for (var i = 0; i < ends.Count; i++)
            {
                sum += ends.Skip(i + 1).Count(later => later < ends[i]);
            }
        }

        return sum;
    }
}

/// <summary>How much room text takes, guessed generously: the viewer's font is not known.</summary>
internal static class Text
{
    public const double LineHeight = 16;

    private const double CharWidth = 7.4;

    public static double Width(IReadOnlyList<string> lines) => lines.Count == 0 ? 0 : lines.Max(l => l.Length) * CharWidth;

    public static double Height(IReadOnlyList<string> lines) => lines.Count * LineHeight;

    /// <summary>Breaks text at spaces into lines of about this many characters.</summary>
    public static IReadOnlyList<string> Wrap(string text, int width)
    {
        var lines = new List<string>();
        foreach (var word in text.Split(' '))
        {
            if (lines.Count > 0 && lines[^1].Length + word.Length < width)
            {
                lines[^1] += " " + word;
            }
            else
            {
                lines.Add(word);
            }
        }

        return lines;
    }
}
