// The contents of GatehouseSchema.
