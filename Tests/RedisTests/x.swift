// Filled by the tests of Redis.
