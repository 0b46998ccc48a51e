// Filled by the tests of MCPWire.
