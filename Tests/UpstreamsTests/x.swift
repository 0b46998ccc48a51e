// Filled by the tests of Upstreams.
