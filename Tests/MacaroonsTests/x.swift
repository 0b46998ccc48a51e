// Filled by the tests of Macaroons.
