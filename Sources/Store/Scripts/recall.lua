#!lua
-- What is known of the call that a record is of; who asks is told when a running one ends.
-- KEYS: record
-- ARGV: fingerprint, node
-- Reply: 'recalled' and what is known, or 'nothing'
local known, waiters = recollection(KEYS[1], ARGV[1], '', now())
if waiters then await(KEYS[1], waiters, ARGV[2]) end
return known or 'nothing'
