// Filled by the tests of Store.
