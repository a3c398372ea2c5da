using InstanceTasks.Simulation.Running;

return await Commands.Root().Parse(args).InvokeAsync();
