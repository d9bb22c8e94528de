-- KEYS jobs, gen, out, done, inflight
-- ARGV name, group, attempt, id, state, fields...
if redis.call('HGET', KEYS[2], 'attempt') ~= ARGV[3] then return 'fenced' end
if is_torn(KEYS[3], ARGV[4]) then return 'torn' end
local fields = {}
for i = 6, #ARGV do fields[i - 5] = ARGV[i] end
if not close(KEYS, ARGV[1], ARGV[2], ARGV[4], ARGV[5], fields) then return 'fenced' end
return redis.call('HGET', KEYS[2], 'state')
