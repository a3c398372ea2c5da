using InstanceTasks.Architecture.Tests.Metadata;

namespace InstanceTasks.Architecture.Tests;

/// <summary>The arrows between the projects of src/ go one way.</summary>
public sealed class LayerTests
{
    // A project may refer to projects on lower layers only. A new project has to find its place here.
    private static readonly Dictionary<string, int> Layers = new(StringComparer.Ordinal)
    {
        ["InstanceTasks.Abstractions"] = 0,
        ["InstanceTasks.Client"] = 0,
        ["InstanceTasks.Engine"] = 1,
        ["InstanceTasks.Storage"] = 2,
        ["InstanceTasks.Hypervisors"] = 2,
        ["InstanceTasks.Grains"] = 3,
        ["InstanceTasks.Api"] = 4,
        ["InstanceTasks.Dashboard"] = 4,
        ["InstanceTasks.Silo"] = 5,
        ["InstanceTasks.Cli"] = 5,
    };

    // The engine's records and events travel between grains, so it may mark them. Nothing else of Orleans reaches it.
    private static readonly string[] MarksOfRecords = ["Orleans.GenerateSerializerAttribute", "Orleans.IdAttribute", "Orleans.AliasAttribute", "Orleans.ImmutableAttribute"];

    private static readonly string[] Databases = ["Microsoft.Data.", "System.Data.", "Npgsql", "Dapper", "SQLitePCL"];

    private static readonly string[] Web = ["Microsoft.AspNetCore.", "System.Net."];

    public static TheoryData<string> ProductProjects => [.. Product.Projects];

    [Theory, MemberData(nameof(ProductProjects))]
    public void ProjectReferences_OfEachProject_PointToLowerLayers(string name)
    {
        var project = Repository.Projects("src").Single(candidate => candidate.Name == name);
        Expect.None(project.References.Where(reference => !MayRefer(name, reference)));
    }

    [Theory, MemberData(nameof(ProductProjects))]
    public void AssemblyReferences_OfEachAssembly_PointToLowerLayers(string name)
    {
        var ours = Product.UsesOf(name).References.Select(Product.ProjectOf).OfType<string>();
        Expect.None(ours.Where(reference => !MayRefer(name, reference)));
    }

    [Fact]
    public void ProjectReferences_ToThePolyfill_ComeFromTheBuildAlone()
    {
        var explicitly = Repository.Projects("src").Concat(Repository.Projects("tests")).Where(project => project.References.Contains("Orleans.Polyfill"));
        Assert.Equal(["Orleans.Polyfill.Tests"], explicitly.Select(project => project.Name));
    }

    [Fact]
    public void Client_References_AreTheFrameworkAlone() =>
        Expect.None(Product.UsesOf("InstanceTasks.Client").References.Where(reference => !reference.StartsWith("System.", StringComparison.Ordinal)));

    [Fact]
    public void Layers_AreInhabited()
    {
        Assert.Contains("InstanceTasks.Abstractions", Product.UsesOf("InstanceTasks.Engine").References);
        Assert.Contains("InstanceTasks.Engine", Product.UsesOf("InstanceTasks.Grains").References);
        Assert.Contains("InstanceTasks.Api", Product.UsesOf("InstanceTasks.Silo").References);
    }

    [Fact]
    public void Engine_MentionsOfOrleans_AreMarksOfRecords() =>
        Expect.None(Mentions("InstanceTasks.Engine", use => use.Type.StartsWith("Orleans.", StringComparison.Ordinal) && !MarksOfRecords.Contains(use.Type) && !IsOfTheGenerator(use.User)));

    // With the packages their source generator writes an (empty) manifest into every assembly that sees them.
    private static bool IsOfTheGenerator(string type) => type.StartsWith("OrleansCodeGen.", StringComparison.Ordinal);

    [Fact]
    public void Engine_MentionsOfGrains_AreNone()
    {
        var grains = Product.Load("InstanceTasks.Abstractions").GetTypes().Where(IsGrain).Select(type => type.FullName!).ToHashSet();
        Assert.NotEmpty(grains);
        Expect.None(Mentions("InstanceTasks.Engine", use => grains.Contains(use.Type)));
    }

    [Theory]
    [InlineData("InstanceTasks.Abstractions")]
    [InlineData("InstanceTasks.Engine")]
    public void PureLayer_MentionsOfDatabasesFilesAndTheWeb_AreNone(string name) =>
        Expect.None(Mentions(name, use => StartsWithAny(use.Type, Databases) || StartsWithAny(use.Type, Web) || (IsOutside(use.Type) && !IsFailpoint(use))));

    [Fact]
    public void Grains_MentionsOfDatabases_AreNone() => Expect.None(Mentions("InstanceTasks.Grains", use => StartsWithAny(use.Type, Databases)));

    [Fact]
    public void Api_MentionsOfDatabasesAndHypervisors_AreNone() =>
        Expect.None(Mentions("InstanceTasks.Api", use => StartsWithAny(use.Type, [.. Databases, "InstanceTasks.Hypervisors."])));

    [Fact]
    public void Mentions_OfDatabases_AreFoundWhereTheyAre() => Assert.NotEmpty(Mentions("InstanceTasks.Storage", use => StartsWithAny(use.Type, Databases)));

    [Fact]
    public void OrleansReferences_OfEachProject_HaveACentralVersion()
    {
        var versions = System.Xml.Linq.XDocument.Load(Path.Combine(Repository.Root, "Directory.Packages.props")).Descendants("PackageVersion").Select(version => (string?)version.Attribute("Include")).ToHashSet();
        var wanted = Repository.Projects("src").Concat(Repository.Projects("tests")).SelectMany(project => project.Orleans).Distinct(StringComparer.Ordinal).ToList();
        Assert.NotEmpty(wanted);
        Expect.None(wanted.Where(name => !versions.Contains($"Microsoft.Orleans.{name}")));
    }

    [Fact]
    public void Packages_OfOrleans_AreAskedForByOrleansReferenceAlone() =>
        Expect.None(Repository.Projects("src").Concat(Repository.Projects("tests")).SelectMany(project => project.Packages).Where(package => package.StartsWith("Microsoft.Orleans", StringComparison.Ordinal)));

    [Fact]
    public void Solution_HasEachProject()
    {
        var solution = File.ReadAllText(Path.Combine(Repository.Root, "InstanceTasks.sln"));
        Expect.None(Repository.Projects("src").Concat(Repository.Projects("tests")).Where(project => !solution.Contains($"{project.Name}.csproj", StringComparison.Ordinal)));
    }

    private static bool MayRefer(string from, string to) => to != "Orleans.Polyfill" && Layers[to] < Layers[from];

    private static IEnumerable<Use> Mentions(string project, Func<Use, bool> condition) => Product.UsesOf(project).All.Where(condition);

    private static bool StartsWithAny(string type, IEnumerable<string> prefixes) => prefixes.Any(prefix => type.StartsWith(prefix, StringComparison.Ordinal));

    private static bool IsOutside(string type) =>
        type is "System.IO.File" or "System.IO.Directory" or "System.IO.FileStream" or "System.IO.FileInfo" or "System.IO.DirectoryInfo" or "System.Diagnostics.Process";

    // What a failpoint is for: it kills its own process.
    private static bool IsFailpoint(Use use) => use is { User: "InstanceTasks.Engine.Failpoints", Type: "System.Diagnostics.Process", Member: null or "GetCurrentProcess" or "Kill" };

    private static bool IsGrain(Type type) => type.IsInterface && type.GetInterfaces().Any(parent => parent.FullName?.StartsWith("Orleans.IGrain", StringComparison.Ordinal) == true);
}
