namespace Orleans.Polyfill.Tests;

/// <summary>A message as the older version knows it. <see cref="SkewNew"/> is what the newer version sends under the same name.</summary>
[GenerateSerializer, Alias("skew-old")]
public class SkewOld
{
    [Id(0)]
    public string Name { get; set; } = "";

    [Id(2)]
    public object? Shared { get; set; }

    [Id(3)]
    public int Added { get; set; } = 5;
}

/// <summary>Has members that <see cref="SkewOld"/> lacks, of types that only the newer version has, and lacks one that it has.</summary>
[GenerateSerializer, Alias("skew-new")]
public class SkewNew
{
    [Id(0)]
    public string Name { get; set; } = "";

    [Id(1)]
    public object? Before { get; set; }

    [Id(2)]
    public object? Shared { get; set; }

    [Id(4)]
    public List<SkewPart> Parts { get; set; } = [];

    [Id(5)]
    public SkewChoice Choice { get; set; }
}

[GenerateSerializer, Alias("skew-part")]
public class SkewPart
{
    [Id(0)]
    public Marked? Inside { get; set; }
}

public enum SkewChoice
{
    First,
    Second,
}
