import Testing

@Suite struct PlaceholderGatehousePluginKitTests {}
