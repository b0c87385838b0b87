import Testing

@Suite struct PlaceholderCorsTests {}
