import Testing

@Suite struct PlaceholderHouseRulesTests {}
