namespace InstanceTasks.Verifier.Drawing;

/// <summary>How a node is drawn.</summary>
internal enum NodeStyle
{
    Plain = 0,
    Begin = 1,
    End = 2,
    Undo = 3,
    Attention = 4,
}

/// <summary>A node; its id is a word, its lines are what people read.</summary>
internal sealed record Node(string Id, IReadOnlyList<string> Lines, NodeStyle Style = NodeStyle.Plain);

/// <summary>An edge with the lines of its label; there may be none.</summary>
internal sealed record Arc(string From, string To, IReadOnlyList<string> Label);

/// <summary>What a diagram shows. The order of the nodes is the order in which they are usually met: drawings go that way.</summary>
internal sealed record Graph(string Name, string Title, IReadOnlyList<Node> Nodes, IReadOnlyList<Arc> Arcs);
