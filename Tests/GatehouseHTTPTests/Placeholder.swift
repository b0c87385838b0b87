import Testing

@Suite struct PlaceholderGatehouseHTTPTests {}
