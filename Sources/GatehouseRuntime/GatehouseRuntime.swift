// The contents of GatehouseRuntime.
