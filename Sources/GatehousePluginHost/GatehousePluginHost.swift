// The contents of GatehousePluginHost.
