using System.ComponentModel;
using System.Globalization;

namespace InstanceTasks.Api;

/// <summary>How callers are authenticated.</summary>
[TypeConverter(typeof(AuthModeConverter))]
public enum AuthMode
{
    /// <summary>Not at all: everybody is the configured user. Loopback only.</summary>
    None = 0,

    /// <summary><c>http_basic</c>: name and password of the users file with each request.</summary>
    HttpBasic = 1,

    /// <summary><c>identity</c>: tokens that this service issues itself, at <c>/identity/v3</c>, to the users of the users file.</summary>
    Identity = 2,

    /// <summary><c>keystone</c>: tokens of a Keystone.</summary>
    Keystone = 3,
}

/// <summary>Reads the names as OpenStack writes them: <c>none</c>, <c>http_basic</c>, <c>identity</c>, <c>keystone</c>.</summary>
public sealed class AuthModeConverter : EnumConverter
{
    /// <summary>Creates the converter.</summary>
    public AuthModeConverter()
        : base(typeof(AuthMode))
    {
    }

    /// <inheritdoc/>
    public override object? ConvertFrom(ITypeDescriptorContext? context, CultureInfo? culture, object value) =>
        base.ConvertFrom(context, culture, value is string text ? text.Replace("_", "", StringComparison.Ordinal) : value);
}
