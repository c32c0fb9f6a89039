-- Find sites of the worker that have entries and no leases.
-- ARGV: generation, now, owner, maximum number of sites. Returns the sites, state().
if gone() then return GONE end
local wanted = tonumber(ARGV[4])
local found = {}
for _, site in ipairs(call('ZREVRANGE', G .. 'r:' .. owner, 0, 10 * wanted)) do
  if #found < wanted and not call('HGET', G .. 'n:' .. owner, site) then
    found[#found + 1] = site
  end
end
return {found, state()}
