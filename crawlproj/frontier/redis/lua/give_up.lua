-- Remove a worker that leaves or died: its leases go back at once, its sites become free.
-- ARGV: generation, now, owner, attempts counted (0|1). Returns how many leases went back.
if gone() then return 0 end
local back = put_back(leases_of(owner), ARGV[4] == '1')
forget_owner(owner)
return back
