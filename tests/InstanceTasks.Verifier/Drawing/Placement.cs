namespace InstanceTasks.Verifier.Drawing;

/// <summary>Gives the cells of a layered drawing their places.</summary>
internal sealed class Placement
{
    private const double Gap = 14;
    private const double LayerGap = 26;
    private const double Margin = 16;
    private const double TitleHeight = 34;
    private const int Rounds = 40;

    private readonly double[] _tops;
    private readonly double[] _heights;

    public Placement(Layers layers)
    {
        Layers = layers;
        _heights = [.. layers.All.Select(l => l.Select(c => c.Height).DefaultIfEmpty(0).Max())];
        _tops = new double[_heights.Length];
        var top = Margin + TitleHeight;
        for (var i = 0; i < _tops.Length; i++)
        {
            _tops[i] = top;
            top += _heights[i] + LayerGap;
        }

        Height = top - LayerGap + Margin;
        layers.All.ForEach(l => Spread(l, [.. l.Select(_ => 0.0)]));
        for (var round = 0; round < Rounds; round++)
        {
            Straighten(round % 2 == 0);
        }

        Shift();
    }

    public Layers Layers { get; }

    public double Width { get; private set; }

    public double Height { get; }

    public double Top(Cell cell) => _tops[cell.Layer] + ((_heights[cell.Layer] - cell.Height) / 2);

    public double Bottom(Cell cell) => Top(cell) + cell.Height;

    /// <summary>The upper edge of a layer: between it and the lower edge arcs go straight down.</summary>
    public double LayerTop(int layer) => _tops[layer];

    public double LayerBottom(int layer) => _tops[layer] + _heights[layer];

    private void Straighten(bool down)
    {
        for (var n = 0; n < Layers.All.Count; n++)
        {
            var layer = Layers.All[down ? n : Layers.All.Count - 1 - n];
            Spread(layer, [.. layer.Select(c => Wish(c, down))]);
        }
    }

    private static double Wish(Cell cell, bool down)
    {
        var first = down ? cell.Above : cell.Below;
        var neighbours = first.Count > 0 ? first : down ? cell.Below : cell.Above;
        return neighbours.Count == 0 ? cell.X : neighbours.Average(n => n.X);
    }

    /// <summary>As near to the wishes as the order and the gaps allow: the middle between pushing everything to the right and to the left.</summary>
    private static void Spread(List<Cell> layer, double[] wishes)
    {
        var (right, left) = ((double[])wishes.Clone(), (double[])wishes.Clone());
        for (var i = 1; i < layer.Count; i++)
        {
            right[i] = Math.Max(right[i], right[i - 1] + Distance(layer[i - 1], layer[i]));
        }

        for (var i = layer.Count - 2; i >= 0; i--)
        {
            left[i] = Math.Min(left[i], left[i + 1] - Distance(layer[i], layer[i + 1]));
        }

        for (var i = 0; i < layer.Count; i++)
        {
            layer[i].X = (right[i] + left[i]) / 2;
        }
    }

    private static double Distance(Cell left, Cell right) => ((left.Width + right.Width) / 2) + Gap;

    private void Shift()
    {
        var cells = Layers.All.SelectMany(l => l).ToList();
        var least = cells.Min(c => c.X - (c.Width / 2));
        cells.ForEach(c => c.X = Math.Round(c.X - least + Margin, 1));
        Width = cells.Max(c => c.X + (c.Width / 2)) + Margin;
    }
}
