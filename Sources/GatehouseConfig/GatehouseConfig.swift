// The contents of GatehouseConfig.
