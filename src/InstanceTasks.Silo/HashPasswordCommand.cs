using System.Text;
using InstanceTasks.Api.Auth;

namespace InstanceTasks.Silo;

/// <summary>
/// <c>hash-password --user NAME --project NAME --roles ROLE,ROLE</c>: makes a line of the users file from the password on standard input. Never from
/// an argument, which everybody on the machine can see.
/// </summary>
internal static class HashPasswordCommand
{
    public const string Name = "hash-password";

    private const string Usage = $"usage: {Name} --user NAME --project NAME [--roles ROLE,ROLE] < password";
    private const int Success = 0;
    private const int BadArguments = 2;

    public static async Task<int> RunAsync(string[] args, TextReader input, TextWriter output, TextWriter error)
    {
        var given = new Dictionary<string, string>(StringComparer.Ordinal) { ["--roles"] = "member" };
        for (var i = 0; i < args.Length; i += 2)
        {
            if (args[i] is not ("--user" or "--project" or "--roles") || i + 1 == args.Length)
            {
                return await RefuseAsync(error, $"cannot understand '{args[i]}'");
            }

            given[args[i]] = args[i + 1];
        }

        if (!given.TryGetValue("--user", out var user) || !given.TryGetValue("--project", out var project))
        {
            return await RefuseAsync(error, "--user and --project are needed");
        }

        try
        {
            var password = await PasswordAsync(input, error);
            if (string.IsNullOrEmpty(password))
            {
                return await RefuseAsync(error, "there is no password on standard input");
            }

            await output.WriteLineAsync(PasswordHashes.Line(user, project, given["--roles"].Split(',', StringSplitOptions.RemoveEmptyEntries), password));
            return Success;
        }
        catch (ArgumentException e)
        {
            return await RefuseAsync(error, e.Message);
        }
    }

    private static async Task<int> RefuseAsync(TextWriter error, string problem)
    {
        await error.WriteLineAsync($"{Name}: {problem}{Environment.NewLine}{Usage}");
        return BadArguments;
    }

    private static async Task<string?> PasswordAsync(TextReader input, TextWriter error)
    {
        if (!ReferenceEquals(input, Console.In) || Console.IsInputRedirected)
        {
            return await input.ReadLineAsync();
        }

        await error.WriteAsync("Password (not shown): ");
        var typed = new StringBuilder();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
        {
            _ = key.Key == ConsoleKey.Backspace ? typed.Remove(Math.Max(0, typed.Length - 1), Math.Min(1, typed.Length)) : typed.Append(key.KeyChar);
        }

        await error.WriteLineAsync();
        return typed.ToString();
    }
}
