using System.Xml.Linq;
using InstanceTasks.Architecture.Tests.Metadata;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Architecture.Tests;

/// <summary>How product types are made.</summary>
public sealed class ShapeTests
{
    private const string Extensions = "Microsoft.Extensions.Logging.LoggerExtensions";
    private const string Logger = "Microsoft.Extensions.Logging.ILogger";

    private static readonly IReadOnlyList<Type> Classes =
        [.. Product.WrittenTypes().Where(type => type.IsClass && !type.IsSubclassOf(typeof(Delegate)))];

    private static readonly IReadOnlyList<Type> Options =
        [.. Classes.Where(type => type.Name.EndsWith("Options", StringComparison.Ordinal) && !(type.IsAbstract && type.IsSealed))];

    [Fact]
    public void Logging_InTheProduct_IsGenerated()
    {
        Expect.None(Product.Uses.SelectMany(uses => DirectLogging(uses.All)));
        Assert.Contains(Product.Uses.SelectMany(uses => uses.All), use => use.Generated && use.Type == Logger);
    }

    [Fact]
    public void Logging_PlantedDirectCalls_AreFound()
    {
        var planted = AssemblyUses.Read(typeof(ShapeTests).Assembly.Location).All;
        Assert.Equal(
            [typeof(Planted.LogsByTheInterface).FullName, typeof(Planted.LogsDirectly).FullName],
            DirectLogging(planted).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
        Assert.Contains(planted, use => use.Generated && use.User == typeof(Planted.LogsByGeneratedCode).FullName && use.Type == Logger);
    }

    [Fact]
    public void Options_Each_HasAValidator()
    {
        Assert.NotEmpty(Options);
        Expect.None(Options.Where(options => !HasValidator(options) && !IsPartOfOthers(options)).Select(options => options.FullName));
    }

    [Fact]
    public void Options_Planted_HasNoValidator() => Assert.False(HasValidator(typeof(Planted.UnvalidatedOptions)));

    [Fact]
    public void Options_EachProperty_StatesItsDefault()
    {
        var properties = Options.SelectMany(options => options.GetProperties()).Where(property => property.CanWrite).ToList();
        Assert.NotEmpty(properties);
        Expect.None(properties.Where(property => !Documentation(property.DeclaringType!, property.Name).Contains("default", StringComparison.OrdinalIgnoreCase))
            .Select(property => $"{property.DeclaringType!.FullName}.{property.Name}"));
    }

    [Fact]
    public void Classes_OfTheProduct_AreSealedOrStatic()
    {
        Assert.NotEmpty(Classes);
        var open = Classes.Where(type => !type.IsSealed).Select(type => type.FullName).ToList();
        Assert.True(open.Count * 10 <= Classes.Count, $"{open.Count} of {Classes.Count} classes are open: {string.Join(", ", open)}");
    }

    private static IEnumerable<string> DirectLogging(IEnumerable<Use> uses) => uses
        .Where(use => (use.Type == Extensions && use.Member?.StartsWith("Log", StringComparison.Ordinal) == true) || (use.Type == Logger && use.Member == "Log" && !use.Generated))
        .Select(use => use.User);

    private static bool HasValidator(Type options)
    {
        var validator = typeof(IValidateOptions<>).MakeGenericType(options);
        return options.Assembly.GetTypes().Any(type => type.IsClass && !type.IsAbstract && validator.IsAssignableFrom(type));
    }

    // A part is bound and validated with the whole.
    private static bool IsPartOfOthers(Type options) => Options
        .Where(whole => whole != options && HasValidator(whole))
        .SelectMany(whole => whole.GetProperties())
        .Any(property => property.PropertyType == options || property.PropertyType.GetGenericArguments().Contains(options));

    private static string Documentation(Type type, string property)
    {
        var path = Path.ChangeExtension(type.Assembly.Location, ".xml");
        var member = XDocument.Load(path).Descendants("member").SingleOrDefault(element => (string?)element.Attribute("name") == $"P:{type.FullName!.Replace('+', '.')}.{property}");
        return member?.Value ?? "";
    }
}
