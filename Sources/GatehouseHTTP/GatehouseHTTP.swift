// The contents of GatehouseHTTP.
