-- Put entries and apply acks, in one step (rule 2 of frontier/base.py).
-- ARGV: generation, now, owner, groups,
--   groups times: site, priority, count, then count times: key, row, not before ('': now)
--   acks, acks times: lease id, state, reason, counted (0|1), forgotten (0|1), replaced (0|1),
--     if replaced: priority, key, row, not before
-- Returns new, stale, state().
if gone() then return GONE end
local at = 4
local function arg()
  at = at + 1
  return ARGV[at - 1]
end

-- The seen set is a linear hash (Litwin, "Linear hashing: a new tool for file and table
-- addressing", VLDB 1980): 2^level + split buckets, of which the first ``split`` and the last
-- ``split`` are addressed by one more bit. Redis stores a set of up to set-max-intset-entries (512)
-- integers as an array, which takes nine bytes per key.
local FULL = 160  -- average keys per bucket before one is split; the fullest then has some 400
local size = call('HMGET', G .. 'count', 'seen', 'level', 'split')
local seen, level, split = tonumber(size[1] or 0), tonumber(size[2] or 0), tonumber(size[3] or 0)
local function bits_of(key, modulus)
  -- ``key`` is a signed 64-bit decimal; Lua's numbers hold 53 bits, so compute it in two parts.
  local negative = string.byte(key) == 45
  local digits = negative and string.sub(key, 2) or key
  local high, low = tonumber(string.sub(digits, 1, -10)) or 0, tonumber(string.sub(digits, -9))
  local value = (high % modulus) * (1000000000 % modulus) + low
  return (negative and -value or value) % modulus
end
local function bucket_of(key)
  local bits = bits_of(key, 2 ^ (level + 1))
  return bits % 2 ^ level < split and bits or bits % 2 ^ level
end
-- The key in a row as it is in the seen set: in decimal, which needs more than 53 bits.
local function key_of(row)
  local negative = string.byte(row, 3) >= 128
  local digits = {0, 0, 0}  -- seven decimal digits each, the last ones first
  local function step(factor, carry)
    for i = 1, 3 do
      local value = digits[i] * factor + carry
      digits[i], carry = value % 10000000, math.floor(value / 10000000)
    end
  end
  for i = 3, 10 do
    local byte = string.byte(row, i)
    step(256, negative and 255 - byte or byte)
  end
  if negative then step(1, 1) end
  local text = string.format('%d%07d%07d', digits[3], digits[2], digits[1])
  text = string.gsub(text, '^0+(%d)', '%1')
  return negative and '-' .. text or text
end
local function split_one()
  local from = G .. 'seen:' .. split
  local to = split + 2 ^ level
  local moving = {}
  for _, key in ipairs(call('SMEMBERS', from)) do
    if bits_of(key, 2 ^ (level + 1)) == to then moving[#moving + 1] = key end
  end
  if #moving > 0 then
    in_chunks(moving, 4000, function(...) call('SADD', G .. 'seen:' .. to, ...) end)
    in_chunks(moving, 4000, function(...) call('SREM', from, ...) end)
  end
  split = split + 1
  if split == 2 ^ level then level, split = level + 1, 0 end
end

local new = 0
local woken = {}
for _ = 1, tonumber(arg()) do
  local site, priority, count = arg(), arg(), tonumber(arg())
  local rows, found = {}, 0
  for _ = 1, count do
    local key, row, before = arg(), arg(), arg()
    if call('SADD', G .. 'seen:' .. bucket_of(key), key) == 1 then
      found = found + 1
      seen = seen + 1
      if seen > FULL * (2 ^ level + split) and level < 22 then split_one() end
      if before ~= '' and tonumber(before) > now then
        delay(site, priority, key, row, before)
      else
        rows[#rows + 1] = row
      end
    end
  end
  if #rows > 0 then
    push(site, priority, rows, false)
    woken[site] = true
  end
  if found > 0 then call('SADD', G .. 'sites', site) end
  new = new + found
end
if new > 0 then
  if call('HGET', J .. 'job', 'finished') == '1' then call('HSET', J .. 'job', 'finished', '0') end
end

local stale, ends, again, forgotten = 0, 0, 0, 0
for _ = 1, tonumber(arg()) do
  local id, outcome, reason, counted = arg(), arg(), arg(), arg()
  local forget, replaced = arg() == '1', arg()
  local to, key, new_row, before
  if replaced == '1' then to, key, new_row, before = arg(), arg(), arg(), arg() end
  local deadline = call('ZSCORE', G .. 'lease', id)
  local site, priority, row
  if deadline and tonumber(deadline) > now then site, priority, row = drop_lease(id) end
  if not site then
    stale = stale + 1
  else
    woken[site] = true
    if forget then
      local known = key_of(row)
      forgotten = forgotten + call('SREM', G .. 'seen:' .. bucket_of(known), known)
      ends = ends + 1
    elseif outcome ~= '0' then
      ended(site, outcome, reason, 1)
      if outcome == '3' then
        local failed = reason .. '\0' .. packed(site, priority, row)
        call('HSET', G .. 'failed', string.sub(row, 3, 10), failed)
      end
      ends = ends + 1
    else
      again = again + 1
      local attempts = string.byte(row, 2) + tonumber(counted)
      row = with_attempts(new_row or row, attempts)
      if before and before ~= '' and tonumber(before) > now then
        delay(site, to, key, row, before)
      else
        push(site, to or priority, {row}, true)
      end
    end
  end
end
if new > 0 or forgotten > 0 then
  seen = seen - forgotten
  call('HSET', G .. 'count', 'seen', seen, 'level', level, 'split', split)
end
if new + again ~= 0 then call('HINCRBY', G .. 'count', 'pending', new + again) end
if ends + again ~= 0 then call('HINCRBY', G .. 'count', 'leased', -ends - again) end
for site in pairs(woken) do
  if call('EXISTS', G .. 'p:' .. site) == 1 then wake(site) end
end
return {new, stale, state()}
