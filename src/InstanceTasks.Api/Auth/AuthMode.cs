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

/// <summary>
/// Reads the names as OpenStack writes them: <c>none</c>, <c>http_basic</c>, <c>identity</c>, <c>keystone</c>. Anything else, also a number or
/// several names, becomes a value that <see cref="ApiOptionsValidator"/> refuses: it must never be taken for one of them.
/// </summary>
public sealed class AuthModeConverter : EnumConverter
{
    private const AuthMode Unknown = (AuthMode)(-1);

    /// <summary>Creates the converter.</summary>
    public AuthModeConverter()
        : base(typeof(AuthMode))
    {
    }

    /// <inheritdoc/>
    public override object? ConvertFrom(ITypeDescriptorContext? context, CultureInfo? culture, object value) => value is not string text
        ? base.ConvertFrom(context, culture, value)
        : text.Trim().ToUpperInvariant() switch
        {
            "NONE" => AuthMode.None,
            "HTTP_BASIC" or "HTTPBASIC" => AuthMode.HttpBasic,
            "IDENTITY" => AuthMode.Identity,
            "KEYSTONE" => AuthMode.Keystone,
            _ => Unknown,
        };
}
