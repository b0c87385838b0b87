import Testing

@Suite struct PlaceholderGatehouseProxyTests {}
