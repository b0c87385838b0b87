import Testing

@Suite struct PlaceholderGatehouseSchemaTests {}
