-- KEYS jobs, gen, idem, inflight
-- ARGV name, owner, json, now_ms, deadline_ms, max_jobs, max_owner, idem_s
local known = redis.call('GET', KEYS[3])
if known then return {'known', known} end
if redis.call('EXISTS', KEYS[2]) == 1 then return {'known', ARGV[1]} end
if redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[6]) then return {'full'} end
if redis.call('ZCOUNT', KEYS[4], '(' .. ARGV[4], '+inf') >= tonumber(ARGV[7]) then return {'too_many'} end
-- The first write is one that a full broker refuses: after another one it would let all of them through.
local job = redis.call('XADD', KEYS[1], '*', 'gen', ARGV[1], 'json', ARGV[3])
redis.call('HSET', KEYS[2], 'state', 'queued', 'owner', ARGV[2], 'job', job, 'attempt', 0, 'queued_ms', ARGV[4])
redis.call('SET', KEYS[3], ARGV[1], 'EX', ARGV[8])
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', ARGV[4])
redis.call('ZADD', KEYS[4], ARGV[5], ARGV[1])
return {'accepted', ARGV[1]}
