-- KEYS jobs, gen
-- ARGV group, worker, entry, attempt, idle_ms
-- A job that its worker cannot go on with: the next one that looks may claim it at once.
if redis.call('HGET', KEYS[2], 'attempt') ~= ARGV[4] then return 0 end
return #redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3], 'IDLE', ARGV[5], 'JUSTID')
