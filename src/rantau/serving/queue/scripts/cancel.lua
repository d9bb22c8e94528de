-- KEYS jobs, gen, out, done, inflight
-- ARGV name, group
local state = redis.call('HGET', KEYS[2], 'state')
if not state then return 'gone' end
if FINAL[state] then return state end
if state == 'queued' then
  local attempt = tonumber(redis.call('HGET', KEYS[2], 'attempt')) + 1
  local _, seq = last_of(KEYS[3])
  redis.call('HSET', KEYS[2], 'attempt', attempt)
  close(KEYS, ARGV[1], ARGV[2], attempt .. '-' .. (seq + 1), 'stopped', ending(KEYS[2], 'stopped', 'stopped'))
  return 'stopped'
end
redis.call('HSET', KEYS[2], 'state', 'stopping')
return 'stopping'
