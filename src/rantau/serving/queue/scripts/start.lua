-- KEYS jobs, gen, out, done, inflight
-- ARGV name, group, entry, worker, max_attempts
-- The first entry of the attempt is written here: from now on every older attempt is refused, and only then may the
-- worker read what was said before.
local state = redis.call('HGET', KEYS[2], 'state')
if not state or FINAL[state] then
  redis.call('XACK', KEYS[1], ARGV[2], ARGV[3])
  redis.call('XDEL', KEYS[1], ARGV[3])
  return {'ended', state or 'gone'}
end
local _, seq = last_of(KEYS[3])
local attempt = tonumber(redis.call('HGET', KEYS[2], 'attempt')) + 1
local id = attempt .. '-' .. (seq + 1)
redis.call('HSET', KEYS[2], 'attempt', attempt, 'worker', ARGV[4])
if state == 'stopping' then
  close(KEYS, ARGV[1], ARGV[2], id, 'stopped', {'k', 'end', 'r', 'stopped', 's', 'stopped'})
  return {'ended', 'stopped'}
end
local forgiven = tonumber(redis.call('HGET', KEYS[2], 'forgiven') or 0)
if attempt - forgiven > tonumber(ARGV[5]) then
  close(KEYS, ARGV[1], ARGV[2], id, 'failed', {'k', 'end', 'r', 'error', 's', 'failed', 'c', 'poison'})
  return {'ended', 'failed'}
end
redis.call('HSET', KEYS[2], 'state', 'running')
append(KEYS[3], id, {'k', 'ph', 'p', attempt > 1 and 'restarted' or 'prefill', 'w', ARGV[4]})
return {'started', attempt, seq + 2}
