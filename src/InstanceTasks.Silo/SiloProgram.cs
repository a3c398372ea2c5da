using InstanceTasks.Api;
using InstanceTasks.Api.Auth;
using InstanceTasks.Storage;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Silo;

/// <summary>Starts a silo, says where it is, and runs it until it is told to stop.</summary>
internal static class SiloProgram
{
    private const int Success = 0;
    private const int BadConfiguration = 2;

    public static async Task<int> RunAsync(string[] args)
    {
        if (args is [HashPasswordCommand.Name, ..])
        {
            return await HashPasswordCommand.RunAsync(args[1..], Console.In, Console.Out, Console.Error);
        }

        try
        {
            await using var app = SiloBuilding.Build(args);
            var settings = app.Services.GetRequiredService<SiloSettings>();
            var options = app.Services.GetRequiredService<IOptions<ApiOptions>>().Value;
            ListenRules.Check(options, ListenAddresses.Of(app.Configuration, settings));
            await StoreWiring.OpenAsync(app.Services);
            await app.StartAsync();
            var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
            await Console.Out.WriteLineAsync(ReadyBlock.Text(settings, options, app.Services.GetRequiredService<IInstanceTasksStore>(), [.. addresses]));
            await app.WaitForShutdownAsync();
            return Success;
        }
        catch (Exception e) when (IsConfiguration(e))
        {
            await Console.Error.WriteLineAsync($"instancetasks-silo: {Explain(e)}");
            return BadConfiguration;
        }
    }

    // What the person who started it can mend is said in one line; everything else keeps its stack trace.
    private static bool IsConfiguration(Exception e) => e is AggregateException several && several.InnerExceptions.All(IsConfiguration)
        || e is DirectoryInUseException or SchemaTooNewException or InvalidDataException or OptionsValidationException or SettingsException or ListenAddressException
        or IOException { InnerException: AddressInUseException };

    private static string Explain(Exception e) => e switch
    {
        AggregateException several => string.Join(Environment.NewLine, several.InnerExceptions.Select(Explain)),
        OptionsValidationException options => string.Join(Environment.NewLine, options.Failures),
        _ => e.Message,
    };
}
