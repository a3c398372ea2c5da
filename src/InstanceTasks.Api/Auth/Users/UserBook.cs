using System.Text.RegularExpressions;

namespace InstanceTasks.Api.Auth;

/// <summary>A user's place in a project.</summary>
internal sealed record Membership(string Project, IReadOnlyList<string> Roles);

/// <summary>A user of the users file. His id is his name.</summary>
internal sealed record UserEntry(string Name, string PasswordHash, IReadOnlyList<Membership> Projects)
{
    /// <summary>The project for whoever names none: the first of the file.</summary>
    public Membership Default => Projects[0];

    public Membership? In(string project) => Projects.FirstOrDefault(p => p.Project == project);

    public Identity As(Membership membership) => new(new(Name), new(membership.Project), membership.Roles);
}

/// <summary>
/// The users file as read: <c>user:project:role,role:hash</c>, one line per user and project, <c>#</c> for comments. Further projects of a user
/// may leave the hash out. Names are ids, so they are of letters, digits and <c>-</c>, as ids on this API are.
/// </summary>
internal sealed partial class UserBook
{
    private static readonly string[] KnownRoles = ["admin", "manager", "member", "reader"];

    private readonly Dictionary<string, UserEntry> _users = new(StringComparer.Ordinal);

    private UserBook(string text)
    {
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            if (line.Trim() is { Length: > 0 } entry && entry[0] != '#')
            {
                Add(entry.Split(':'), number);
            }
        }
    }

    public int Count => _users.Count;

    /// <summary>Reads a users file.</summary>
    /// <exception cref="InvalidDataException">A line makes no sense. The message names the line and never shows it.</exception>
    public static UserBook Parse(string text) => new(text);

    public IEnumerable<UserEntry> All => _users.Values;

    public UserEntry? Find(string name) => _users.GetValueOrDefault(name);

    /// <summary>What is wrong with the parts of a line; null: nothing.</summary>
    public static string? Problem(string user, string project, IReadOnlyList<string> roles) =>
        !Name().IsMatch(user) || !Name().IsMatch(project) ? "user and project must be 1 to 64 letters, digits and '-'"
        : roles.Count == 0 || roles.Any(r => !KnownRoles.Contains(r)) ? $"roles must be of {string.Join(", ", KnownRoles)}"
        : null;

    private void Add(string[] parts, int line)
    {
        if (parts is not [var user, var project, var words, var hash])
        {
            throw Wrong(line, "it is not user:project:role,role:hash");
        }

        var roles = words.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (Problem(user, project, roles) is { } problem)
        {
            throw Wrong(line, problem);
        }

        _users[user] = _users.TryGetValue(user, out var known) ? WithProject(known, new(project, roles), hash, line) : new(user, Hash(hash, line), [new(project, roles)]);
    }

    private static UserEntry WithProject(UserEntry user, Membership membership, string hash, int line) =>
        user.In(membership.Project) is not null ? throw Wrong(line, "the user has that project already")
        : hash.Length > 0 && hash != user.PasswordHash ? throw Wrong(line, "the user has another password on an earlier line; leave it out here")
        : user with { Projects = [.. user.Projects, membership] };

    private static string Hash(string hash, int line) =>
        hash.Length >= 40 && Convert.TryFromBase64String(hash, new byte[hash.Length], out _) ? hash : throw Wrong(line, "the password hash is missing or is not one of the hash-password command");

    private static InvalidDataException Wrong(int line, string problem) => new($"users file, line {line}: {problem}.");

    [GeneratedRegex(@"\A[a-zA-Z0-9\-]{1,64}\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Name();
}
