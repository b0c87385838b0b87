import Testing

@Suite struct PlaceholderKeycloakTests {}
