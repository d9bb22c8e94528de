-- KEYS jobs, then gen and out of each generation
-- ARGV group
-- For each: state ('' if it is not known), id of the last entry of its log, prompts before it (-1 if it does not wait).
local taken, ahead = '0-0', nil
local function places()
  local found = {}
  local groups = redis.pcall('XINFO', 'GROUPS', KEYS[1])
  if type(groups) == 'table' and not groups.err then
    for _, group in ipairs(groups) do
      local facts = {}
      for i = 1, #group, 2 do facts[group[i]] = group[i + 1] end
      if facts['name'] == ARGV[1] then taken = facts['last-delivered-id'] end
    end
  end
  for place, job in ipairs(redis.call('XRANGE', KEYS[1], '(' .. taken, '+')) do found[job[1]] = place - 1 end
  return found
end

local told = {}
for i = 2, #KEYS, 2 do
  local facts = redis.call('HMGET', KEYS[i], 'state', 'job')
  local attempt, seq = last_of(KEYS[i + 1])
  local place = -1
  if facts[1] == 'queued' then
    ahead = ahead or places()
    place = ahead[facts[2]] or -1
  end
  told[#told + 1] = {facts[1] or '', attempt .. '-' .. seq, place}
end
return told
