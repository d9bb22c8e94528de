-- KEYS gen, out
-- ARGV attempt, id, fields...
local attempt, state, first = unpack(redis.call('HMGET', KEYS[1], 'attempt', 'state', 'first_ms'))
if attempt ~= ARGV[1] then return 'fenced' end
if FINAL[state] then return 'fenced' end
if is_torn(KEYS[2], ARGV[2]) then return 'torn' end
local fields = {}
for i = 3, #ARGV do fields[i - 2] = ARGV[i] end
if not append(KEYS[2], ARGV[2], fields) then return 'fenced' end
if not first and ARGV[4] == 'tok' then
  local time = redis.call('TIME')
  redis.call('HSET', KEYS[1], 'first_ms', string.format('%d', time[1] * 1000 + math.floor(time[2] / 1000)))
end
return state
