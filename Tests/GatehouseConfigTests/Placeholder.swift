import Testing

@Suite struct PlaceholderGatehouseConfigTests {}
