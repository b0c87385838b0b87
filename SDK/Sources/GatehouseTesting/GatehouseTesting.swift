// The contents of GatehouseTesting.
