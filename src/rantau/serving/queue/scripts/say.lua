-- KEYS workers, worker
-- ARGV name, seconds, then fields
-- What a worker says of itself, for so long. Names of those that say nothing more are forgotten.
local now, alive = tonumber(redis.call('TIME')[1]), tonumber(ARGV[2])
redis.call('HSET', KEYS[2], unpack(ARGV, 3))
redis.call('EXPIRE', KEYS[2], alive)
redis.call('ZADD', KEYS[1], now + alive, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. now)
