-- The worker leaves, or is known to be dead: its leases go back at once, its sites to the others.
-- ARGV: generation, now, owner, attempts counted (0|1). Returns how many leases.
if gone() then return 0 end
local back = put_back(leases_of(owner), ARGV[4] == '1')
forget_owner(owner)
return back
