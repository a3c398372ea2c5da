using InstanceTasks.TestKit;
using InstanceTasks.TestKit.Keystone;

namespace InstanceTasks.EndToEnd.Tests.Access;

/// <summary>
/// A test that starts Debian's Keystone and runs <c>openstack</c> against it. Where one is not installed the test is skipped by name, unless
/// <c>INSTANCETASKS_REQUIRE_CLIENTS=1</c> says that its absence is a failure.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class KeystoneFactAttribute : FactAttribute
{
    public KeystoneFactAttribute()
    {
        if (!(KeystoneServer.IsInstalled && OpenStackCli.IsInstalled) && !KeystoneServer.IsRequired)
        {
            Skip = $"The Debian packages of Keystone or of the client are not installed (apt-get install {KeystoneServer.Packages} {OpenStackCli.Package}).";
        }
    }
}
