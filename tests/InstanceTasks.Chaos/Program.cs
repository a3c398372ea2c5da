using InstanceTasks.Chaos.Running;

return await Commands.Root().Parse(args).InvokeAsync();
