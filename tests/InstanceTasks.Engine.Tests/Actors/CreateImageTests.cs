using InstanceTasks.Engine.Tests.Support;

namespace InstanceTasks.Engine.Tests.Actors;

/// <summary>Images are rows that live and die with the tasks that make them.</summary>
public sealed class CreateImageTests
{
    [Fact]
    public async Task CreateImage_Succeeds_TheImageIsThereFromTheAcceptAndActiveInTheEnd()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();

        await SubmitAsync(cluster, instance.Id);
        Assert.Equal((false, "snap", 1), Assert.Single(cluster.Journal.Images.Values) is var saving ? (saving.Active, saving.Name, saving.MinDiskGb) : default);
        await cluster.RunToRestAsync();

        var image = Assert.Single(cluster.Journal.Images).Value;
        Assert.Equal(("image-9", true, "b"), (image.Id, image.Active, image.Properties["a"]));
        Assert.Equal(VmState.Active, cluster.Instance(instance.Id).VmState);
        Invariants.CheckWorld(cluster);
    }

    [Theory]
    [InlineData(Act.FailFinal, null, "failed")]
    [InlineData(Act.Hang, TaskCommandKind.Cancel, "canceled")]
    public async Task CreateImage_DoesNotSucceed_TheImageIsGone(Act act, TaskCommandKind? command, string state)
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("save-image", act);
        var task = await SubmitAsync(cluster, instance.Id);
        await cluster.RunAsync();
        if (command is { } kind)
        {
            Assert.Single(cluster.Journal.Images);
            Assert.True((await cluster.CommandAsync(task, kind)).Accepted);
        }

        await cluster.RunToRestAsync();

        Assert.Equal(state, cluster.Task(task).State);
        Assert.Empty(cluster.Journal.Images);
    }

    [Fact]
    public async Task CreateImage_SupersededByDelete_TheImageIsGone()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("save-image", Act.Hang);
        var task = await SubmitAsync(cluster, instance.Id);
        await cluster.RunAsync();

        await cluster.AcceptAsync(TaskKinds.Delete, instance.Id);
        await cluster.RunToRestAsync();

        Assert.Equal(("canceled", VmState.Deleted), (cluster.Task(task).State, cluster.Instance(instance.Id).VmState));
        Assert.Empty(cluster.Journal.Images);
    }

    [Fact]
    public async Task CreateImage_WaitsAndIsBypassed_TheImageIsGone()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("shut-down-guest", Act.Hang);
        await cluster.AcceptAsync(TaskKinds.Stop, instance.Id);
        await cluster.RunAsync();
        await cluster.SubmitAsync(Request(instance.Id) with { QueueWhenBusy = true });
        Assert.Single(cluster.Journal.Images);

        await cluster.AcceptAsync(TaskKinds.Delete, instance.Id);

        Assert.Empty(cluster.Journal.Images);
    }

    private static async Task<TaskId> SubmitAsync(Cluster cluster, InstanceId instance)
    {
        var answer = await cluster.SubmitAsync(Request(instance));
        Assert.Equal(AcceptVerdict.Accepted, answer.Verdict);
        return answer.Task;
    }

    private static SubmitTask Request(InstanceId instance) => Some.Request(TaskKinds.CreateImage, instance) with
    {
        Parameters = new()
        {
            [TaskParameters.ImageId] = "image-9", [TaskParameters.ImageName] = "snap", [TaskParameters.ImageProperties] = """{"a":"b"}""",
        },
    };
}
