// The contents of GatehouseProxy.
