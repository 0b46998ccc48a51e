// Filled by the tests of Gateway.
