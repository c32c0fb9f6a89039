-- Take checks of pages from the budgets that their sites have in 24 hours, for all workers.
-- ARGV: generation, now, owner, checks a day, then site and mark of each check
-- Returns for each check 1 (it may be put), 0 (another worker has) or -1 (nothing left); state().
if gone() then return GONE end
local DAY, KNOWN = 86400 * 1000000, 6 * 3600 * 1000000  -- a mark is known for once or twice KNOWN
local per_day = tonumber(ARGV[4])
local period = math.floor(now / KNOWN)
-- They belong to the generation, because after a reset no entry stands for these checks.
local marks, before = G .. 'marks:' .. period, G .. 'marks:' .. (period - 1)
local left, answers = {}, {}
for i = 5, #ARGV, 2 do
  local site, mark = ARGV[i], ARGV[i + 1]
  if not left[site] then
    local had = call('HGET', J .. 'budget', site)
    left[site] = per_day
    if had then
      local then_left, at = string.match(had, '^(%S+) (%S+)$')
      local more = per_day * math.max(0, now - tonumber(at)) / DAY
      left[site] = math.min(per_day, tonumber(then_left) + more)
    end
  end
  local by = call('HGET', marks, mark) or call('HGET', before, mark)
  local answer = 1
  if by then
    if by ~= owner then answer = 0 end  -- else it asks again because the answer was lost
  elseif left[site] < 1 then
    answer = -1
  else
    left[site] = left[site] - 1
    call('HSET', marks, mark, owner)
  end
  answers[#answers + 1] = answer
end
for site, number in pairs(left) do
  call('HSET', J .. 'budget', site, string.format('%.6f %.0f', number, now))
end
call('EXPIRE', marks, 2 * KNOWN / 1000000)
return {answers, state()}
