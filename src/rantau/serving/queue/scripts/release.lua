-- KEYS jobs, gen
-- ARGV group, worker, entry, attempt, idle_ms, forgiven
-- A job that its worker cannot go on with: the next one that looks may claim it at once.
if redis.call('HGET', KEYS[2], 'attempt') ~= ARGV[4] then return 0 end
if ARGV[6] == '1' and redis.call('HSETNX', KEYS[2], 'forgiven:' .. ARGV[4], 1) == 1 then
  redis.call('HINCRBY', KEYS[2], 'forgiven', 1)
end
return #redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3], 'IDLE', ARGV[5], 'JUSTID')
