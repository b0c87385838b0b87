import Testing

@Suite struct PlaceholderGatehouseJSONTests {}
