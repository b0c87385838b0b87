import Testing

@Suite struct PlaceholderGatehouseRegexTests {}
