// The contents of GatehouseJOSE.
