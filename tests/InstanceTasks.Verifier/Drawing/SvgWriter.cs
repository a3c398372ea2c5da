using System.Globalization;
using System.Text;

namespace InstanceTasks.Verifier.Drawing;

/// <summary>Draws a graph as SVG.</summary>
internal static class SvgWriter
{
    private const string Head =
        """
        <style>
          text { font: 12px "DejaVu Sans", Verdana, sans-serif; fill: #1b1f24; text-anchor: middle }
          .title { font-size: 15px; font-weight: bold; text-anchor: start }
          .label { font-size: 11px; fill: #444c56 }
          .box { fill: #eef4fb; stroke: #3b6ea5; stroke-width: 1.3 }
          .begin { fill: #1b1f24 }
          .end { fill: #e8f5e9; stroke: #2e7d32; stroke-width: 1.3 }
          .undo { fill: #fff4e5; stroke: #b26a00; stroke-width: 1.3 }
          .attention { fill: #fdecea; stroke: #b3261e; stroke-width: 1.3 }
          .arc { fill: none; stroke: #6e7781; stroke-width: 1.1 }
          .head { fill: #6e7781 }
          .paper { fill: #ffffff }
        </style>
        <defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path class="head" d="M0 0 L10 5 L0 10 z"/></marker></defs>

        """;

    public static string Write(Graph graph)
    {
        var place = new Placement(new Layers(graph));
        var width = Math.Max(place.Width, Text.Width([graph.Title]) * 1.4 + 32);
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {N(width)} {N(place.Height)}\" width=\"{N(width)}\" height=\"{N(place.Height)}\">\n");
        svg.Append($"<title>{Escape(graph.Title)}</title>\n");
        svg.Append(Head.ReplaceLineEndings("\n"));
        svg.Append(CultureInfo.InvariantCulture, $"<rect class=\"paper\" width=\"{N(width)}\" height=\"{N(place.Height)}\"/>\n");
        svg.Append($"<text class=\"title\" x=\"16\" y=\"28\">{Escape(graph.Title)}</text>\n");
        foreach (var chain in place.Layers.Chains)
        {
            svg.Append($"<path class=\"arc\" marker-end=\"url(#head)\" d=\"{Path(place, chain)}\"/>\n");
        }

        foreach (var cell in place.Layers.All.SelectMany(l => l).Where(c => c.Node is not null || c.Label.Count > 0))
        {
            Cell(svg, place, cell);
        }

        return svg.Append("</svg>\n").ToString();
    }

    private static void Cell(StringBuilder svg, Placement place, Cell cell)
    {
        var (x, y) = (cell.X - (cell.Width / 2), place.Top(cell));
        if (cell.Node is { Style: NodeStyle.Begin })
        {
            svg.Append($"<circle class=\"begin\" cx=\"{N(cell.X)}\" cy=\"{N(y + (cell.Height / 2))}\" r=\"{N(cell.Height / 2)}\"/>\n");
            return;
        }

        var style = cell.Node is { } node ? node.Style == NodeStyle.Plain ? "box" : node.Style.ToString().ToLowerInvariant() : "paper";
        svg.Append($"<rect class=\"{style}\" x=\"{N(x)}\" y=\"{N(y)}\" width=\"{N(cell.Width)}\" height=\"{N(cell.Height)}\" rx=\"6\"/>\n");
        var lines = cell.Node?.Lines ?? cell.Label;
        var first = y + (cell.Height / 2) - (Text.Height(lines) / 2) + 12;
        for (var i = 0; i < lines.Count; i++)
        {
            svg.Append($"<text{(cell.Node is null ? " class=\"label\"" : "")} x=\"{N(cell.X)}\" y=\"{N(first + (i * Text.LineHeight))}\">{Escape(lines[i])}</text>\n");
        }
    }

    /// <summary>Straight through each layer and bent between them, from the lower edge of one node to the upper edge of another, or back.</summary>
    private static string Path(Placement place, Chain chain)
    {
        var points = new List<(double X, double Y)> { (Port(chain.Cells[0], chain, below: true), place.Bottom(chain.Cells[0])) };
        foreach (var cell in chain.Cells.Skip(1).SkipLast(1))
        {
            points.Add((cell.X, place.LayerTop(cell.Layer)));
            points.Add((cell.X, place.LayerBottom(cell.Layer)));
        }

        points.Add((Port(chain.Cells[^1], chain, below: false), place.Top(chain.Cells[^1])));
        if (chain.Upwards)
        {
            points.Reverse();
        }

        var path = new StringBuilder($"M{N(points[0].X)} {N(points[0].Y)}");
        for (var i = 1; i < points.Count; i++)
        {
            var (from, to) = (points[i - 1], points[i]);
            var middle = (from.Y + to.Y) / 2;
            path.Append(Math.Abs(from.X - to.X) < 0.05 ? $" L{N(to.X)} {N(to.Y)}" : $" C{N(from.X)} {N(middle)} {N(to.X)} {N(middle)} {N(to.X)} {N(to.Y)}");
        }

        return path.ToString();
    }

    // Arcs of one node begin side by side, in the order in which they leave.
    private static double Port(Cell cell, Chain chain, bool below)
    {
        var neighbours = (below ? cell.Below : cell.Above).OrderBy(n => n.X).ToList();
        var index = neighbours.IndexOf(below ? chain.Cells[1] : chain.Cells[^2]);
        var room = cell.Width - 16;
        return cell.X - (room / 2) + (room * (index + 0.5) / neighbours.Count);
    }

    private static string N(double number) => number.ToString("0.#", CultureInfo.InvariantCulture);

    private static string Escape(string text) => text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal);
}
