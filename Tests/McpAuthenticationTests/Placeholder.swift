import Testing

@Suite struct PlaceholderMcpAuthenticationTests {}
