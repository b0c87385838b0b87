import Testing

@Suite struct PlaceholderGatehousePluginHostTests {}
