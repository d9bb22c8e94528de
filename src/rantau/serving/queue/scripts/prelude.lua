-- Put before every script.
local FINAL = {done = true, stopped = true, failed = true}

-- attempt and seq of the last entry of a log; 0, 0 if it has none
local function last_of(out)
  local last = redis.call('XREVRANGE', out, '+', '-', 'COUNT', 1)
  if #last == 0 then return 0, 0 end
  local attempt, seq = string.match(last[1][1], '^(%d+)-(%d+)$')
  return tonumber(attempt), tonumber(seq)
end

-- Whether entries before this id are missing: a broker that lost power has forgotten the end of its logs.
local function is_torn(out, id)
  local _, seq = last_of(out)
  return tonumber(string.match(id, '-(%d+)$')) > seq + 1
end

-- Appends an entry: true; false if the log has gone past its id. Its own entry, sent twice, is no refusal.
local function append(out, id, fields)
  local said = redis.pcall('XADD', out, id, unpack(fields))
  if type(said) ~= 'table' or not said.err then return true end
  if not string.find(said.err, 'equal or smaller', 1, true) then error(said.err) end
  local there = redis.call('XRANGE', out, id, id)
  if #there == 0 or #there[1][2] ~= #fields then return false end
  for i, value in ipairs(fields) do
    if there[1][2][i] ~= value then return false end
  end
  return true
end

-- Milliseconds since the first piece of the answer was written, by the broker's clock; nil if there is none
local function spoken_ms(gen)
  local first = redis.call('HGET', gen, 'first_ms')
  if not first then return nil end
  local time = redis.call('TIME')
  return string.format('%d', math.max(time[1] * 1000 + math.floor(time[2] / 1000) - tonumber(first), 0))
end

-- The end of an answer that the broker ends itself
local function ending(gen, reason, state, code)
  local fields = {'k', 'end', 'r', reason, 's', state}
  local spoken = spoken_ms(gen)
  for name, value in pairs({c = code, d = spoken}) do
    fields[#fields + 1], fields[#fields + 2] = name, value
  end
  return fields
end

-- Ends a generation: the end in its log, a note for the finalizer, the job gone, the owner's place free.
-- keys: jobs, gen, out, done, inflight
local function close(keys, name, group, id, state, fields)
  if not append(keys[3], id, fields) then return false end
  if FINAL[redis.call('HGET', keys[2], 'state')] then return true end  -- the end was sent twice
  redis.call('HSET', keys[2], 'state', state)
  redis.call('XADD', keys[4], '*', 'gen', name, 'state', state)
  local job = redis.call('HGET', keys[2], 'job')
  redis.call('XACK', keys[1], group, job)
  redis.call('XDEL', keys[1], job)
  redis.call('ZREM', keys[5], name)
  return true
end
