// The contents of GatehousePluginKit.
