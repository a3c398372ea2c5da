using InstanceTasks.Silo;

return await SiloProgram.RunAsync(args);
