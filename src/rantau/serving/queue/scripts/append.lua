-- KEYS gen, out
-- ARGV attempt, id, fields...
if redis.call('HGET', KEYS[1], 'attempt') ~= ARGV[1] then return 'fenced' end
local state = redis.call('HGET', KEYS[1], 'state')
if FINAL[state] then return 'fenced' end
if is_torn(KEYS[2], ARGV[2]) then return 'torn' end
local fields = {}
for i = 3, #ARGV do fields[i - 2] = ARGV[i] end
if not append(KEYS[2], ARGV[2], fields) then return 'fenced' end
return state
