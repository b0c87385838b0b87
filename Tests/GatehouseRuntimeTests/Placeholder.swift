import Testing

@Suite struct PlaceholderGatehouseRuntimeTests {}
