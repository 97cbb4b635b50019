-- wrk: POST /api/transfer like tests/bench/transfer.lua, with a pause of PAUSE_MS before each.
-- Prints how many were done (201), refused for lack of money (400), refused as busy (503), and others.
dofile("tests/bench/transfer.lua")
local pause = tonumber(os.getenv("PAUSE_MS"))
local threads = {}
local first_setup = setup

function setup(thread)
  first_setup(thread)
  table.insert(threads, thread)
end

local first_init = init
function init()
  first_init()
  done_now, poor, busy, others = 0, 0, 0, 0
end

function delay()
  return pause > 0 and math.random(0, 2 * pause) or 0
end

function response(status)
  if status == 201 then done_now = done_now + 1
  elseif status == 400 then poor = poor + 1
  elseif status == 503 then busy = busy + 1
  else others = others + 1 end
end

function done(summary)
  local sums = { 0, 0, 0, 0 }
  for _, thread in ipairs(threads) do
    for place, name in ipairs({ "done_now", "poor", "busy", "others" }) do
      sums[place] = sums[place] + thread:get(name)
    end
  end
  io.write(string.format("RESULT %d %d %d %d %d %d\n", summary.duration, sums[1], sums[2], sums[3],
    sums[4], summary.errors.timeout))
end
