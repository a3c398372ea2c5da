using InstanceTasks.TestKit;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>
/// A test that runs Debian's <c>openstack</c> command. Where it is not installed the test is skipped by name, unless
/// <c>INSTANCETASKS_REQUIRE_CLIENTS=1</c> says that its absence is a failure.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OpenStackFactAttribute : FactAttribute
{
    public OpenStackFactAttribute()
    {
        if (!OpenStackCli.IsInstalled && !OpenStackCli.IsRequired)
        {
            Skip = $"The Debian package {OpenStackCli.Package} is not installed (apt-get install {OpenStackCli.Package}).";
        }
    }
}
