namespace InstanceTasks.Client.Tests.Example;

/// <summary>The example of docs/client.md, which quotes it.</summary>
internal static class StopAndWatch
{
    public static async Task<TaskInfo> RunAsync(Uri endpoint, string image, Action<string> say)
    {
        using var client = new ComputeClient(new ClientSettings { Endpoint = endpoint, Auth = ClientAuth.None });

        var server = await client.Servers.CreateAsync(new NewServer { Name = "vm1", FlavorRef = "1", ImageRef = image });
        var created = await client.Tasks.WaitAsync(server.Task, TimeSpan.FromMinutes(1));
        say($"{created.Kind} {created.State}");

        var plan = await client.Tasks.DryRunAsync(server.Id, "stop");
        say($"stop would {plan.Decision}: {string.Join(", ", plan.Steps.Select(s => s.Name))}");

        var stop = await client.Tasks.StartAsync(server.Id, "stop", terms: new CallTerms { Deadline = TimeSpan.FromMinutes(5) });
        await foreach (var commit in client.Tasks.FollowTaskAsync(stop.Id))
        {
            foreach (var what in commit.Events)
            {
                say($"{commit.Id} {what.Type} {what.Step}{what.Outcome}");
            }
        }

        try
        {
            await client.Tasks.CancelAsync(stop.Id, "too late");
        }
        catch (ApiException refused) when (refused.Kind == ProblemKind.Conflict)
        {
            say(refused.Message);
        }

        await foreach (var task in client.Tasks.ListOfServerAsync(server.Id))
        {
            say($"{task.Kind} {task.State}");
        }

        return await client.Tasks.GetAsync(stop.Id);
    }
}
