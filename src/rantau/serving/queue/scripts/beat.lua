-- KEYS jobs, gen...
-- ARGV group, worker, then entry and attempt of each gen
-- Keeps the worker's jobs from being claimed by others. Returns the places, from 1, of those that are no longer its own.
local lost = {}
for i = 2, #KEYS do
  local entry, attempt = ARGV[2 * i - 1], ARGV[2 * i]
  local held = redis.call('HMGET', KEYS[i], 'attempt', 'state')
  if held[1] == attempt and not FINAL[held[2]] then
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, entry, 'JUSTID')
  else
    lost[#lost + 1] = i - 1
  end
end
return lost
