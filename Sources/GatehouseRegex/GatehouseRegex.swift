// The contents of GatehouseRegex.
