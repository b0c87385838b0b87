// The contents of GatehouseJSON.
