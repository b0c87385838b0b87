import Testing

@Suite struct PlaceholderGatehouseJOSETests {}
