using InstanceTasks.TestKit;

namespace InstanceTasks.EndToEnd.Tests.Access;

/// <summary>The short life of a server, told with the <c>openstack</c> command by somebody who may, and tried by those who may not.</summary>
internal static class ClientTour
{
    /// <summary>Creates a server and looks at it in every way; returns its id.</summary>
    public static async Task<string> CreateAsync(OpenStackCli cli)
    {
        var made = await cli.JsonAsync("server", "create", "--image", "tiny", "--flavor", "m1.tiny", "--wait", "vm1");
        Assert.Equal("ACTIVE", made["status"]!.ToString());
        var listed = Assert.Single((await cli.JsonAsync("server", "list")).AsArray())!;
        Assert.Equal("vm1", listed["Name"]!.ToString());
        Assert.Equal("tiny", (await cli.JsonAsync("image", "list"))[0]!["Name"]!.ToString());
        await cli.RunAsync("server", "reboot", "--hard", "--wait", "vm1");
        Assert.Equal("ACTIVE", (await cli.JsonAsync("server", "show", "vm1"))["status"]!.ToString());
        return made["id"]!.ToString();
    }

    public static async Task DeleteAsync(OpenStackCli cli, string id)
    {
        await cli.RunAsync("server", "delete", "--wait", id);
        Assert.Empty((await cli.JsonAsync("server", "list")).AsArray());
    }

    /// <summary>A reader of the same project sees it and can do nothing to it.</summary>
    public static async Task ReadOnlyAsync(OpenStackCli cli, string id)
    {
        Assert.Equal("vm1", (await cli.JsonAsync("server", "show", id))["name"]!.ToString());
        await FailsAsync(cli, "Policy doesn't allow os_compute_api:servers:stop to be performed.", "server", "stop", id);
        await FailsAsync(cli, "Policy doesn't allow os_compute_api:servers:delete to be performed.", "server", "delete", id);
    }

    /// <summary>For a member of another project it is not there.</summary>
    public static async Task UnknownAsync(OpenStackCli cli, string id)
    {
        Assert.Empty((await cli.JsonAsync("server", "list")).AsArray());
        await FailsAsync(cli, $"No server with a name or ID of '{id}' exists", "server", "show", id);
        await FailsAsync(cli, $"No server with a name or ID of '{id}' exists", "server", "delete", id);
    }

    public static async Task FailsAsync(OpenStackCli cli, string said, params string[] command)
    {
        var answer = await cli.TryAsync(command);
        Assert.NotEqual(0, answer.ExitCode);
        Assert.Contains(said, answer.AllOutput, StringComparison.OrdinalIgnoreCase);
    }
}
