// Filled by the tests of Governance.
