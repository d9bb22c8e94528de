-- KEYS jobs, gen, out, done, inflight
-- ARGV name, group, entry, worker, max_attempts, claim
-- The first entry of the attempt is written here: from now on every older attempt is refused, and only then may the
-- worker read what was said before.
local state = redis.call('HGET', KEYS[2], 'state')
if not state or FINAL[state] then
  redis.call('XACK', KEYS[1], ARGV[2], ARGV[3])
  redis.call('XDEL', KEYS[1], ARGV[3])
  return {'ended', state or 'gone'}
end
local _, seq = last_of(KEYS[3])
if redis.call('HGET', KEYS[2], 'claim') == ARGV[6] then  -- sent twice, since its reply was lost: it is one attempt
  return {'started', tonumber(redis.call('HGET', KEYS[2], 'attempt')), seq + 1, spoken_ms(KEYS[2]) or ''}
end
local attempt = tonumber(redis.call('HGET', KEYS[2], 'attempt')) + 1
local id = attempt .. '-' .. (seq + 1)
redis.call('HSET', KEYS[2], 'attempt', attempt, 'worker', ARGV[4], 'claim', ARGV[6])
if state == 'stopping' then
  close(KEYS, ARGV[1], ARGV[2], id, 'stopped', ending(KEYS[2], 'stopped', 'stopped'))
  return {'ended', 'stopped'}
end
local forgiven = tonumber(redis.call('HGET', KEYS[2], 'forgiven') or 0)
if attempt - forgiven > tonumber(ARGV[5]) then
  close(KEYS, ARGV[1], ARGV[2], id, 'failed', ending(KEYS[2], 'error', 'failed', 'poison'))
  return {'ended', 'failed'}
end
redis.call('HSET', KEYS[2], 'state', 'running')
append(KEYS[3], id, {'k', 'ph', 'p', attempt > 1 and 'restarted' or 'prefill', 'w', ARGV[4]})
return {'started', attempt, seq + 2, spoken_ms(KEYS[2]) or ''}
