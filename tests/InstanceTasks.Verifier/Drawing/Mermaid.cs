using System.Text;

namespace InstanceTasks.Verifier.Drawing;

/// <summary>Writes graphs in Mermaid's language.</summary>
internal static class Mermaid
{
    public static string Flow(Graph graph)
    {
        var text = new StringBuilder("```mermaid\nflowchart TD\n");
        foreach (var node in graph.Nodes)
        {
            text.Append(node.Style == NodeStyle.Begin ? $"  {node.Id}(( ))\n" : $"  {node.Id}[\"{string.Join("<br/>", node.Lines)}\"]\n");
        }

        foreach (var arc in graph.Arcs)
        {
            text.Append(arc.Label.Count == 0 ? $"  {arc.From} --> {arc.To}\n" : $"  {arc.From} -->|\"{string.Join("<br/>", arc.Label)}\"| {arc.To}\n");
        }

        return text.Append("```\n").ToString();
    }

    public static string States(Graph graph)
    {
        var text = new StringBuilder("```mermaid\nstateDiagram-v2\n");
        foreach (var arc in graph.Arcs)
        {
            var from = graph.Nodes.Any(n => n.Id == arc.From && n.Style == NodeStyle.Begin) ? "[*]" : arc.From;
            text.Append(arc.Label.Count == 0 ? $"  {from} --> {arc.To}\n" : $"  {from} --> {arc.To}: {string.Join(", ", arc.Label)}\n");
        }

        foreach (var node in graph.Nodes.Where(n => n.Style == NodeStyle.End))
        {
            text.Append($"  {node.Id} --> [*]\n");
        }

        return text.Append("```\n").ToString();
    }
}
