-- wrk: POST /api/transfer between random members, each with a new key.
-- Reads TOKEN, FIRST and COUNT from the environment; prints one line for bench_api.py.
local threads = {}
local token, first, count = os.getenv("TOKEN"), tonumber(os.getenv("FIRST")), tonumber(os.getenv("COUNT"))

function setup(thread)
  thread:set("number", #threads + 1)
  table.insert(threads, thread)
end

function init()
  math.randomseed(os.time() * 16 + number)
  sent, refused, broken = 0, 0, 0
end

function request()
  sent = sent + 1
  local source = math.random(0, count - 1)
  local target = (source + math.random(1, count - 1)) % count
  return wrk.format("POST", "/api/transfer", {
    ["Content-Type"] = "application/json",
    ["Authorization"] = "Bearer " .. token,
    ["Idempotency-Key"] = string.format("%d-%d-%d", number, sent, math.random(1, 2000000000)),
  }, string.format('{"from_user_id":%d,"to_user_id":%d,"amount_cents":%d}',
    first + source, first + target, math.random(100, 200)))
end

function response(status)
  if status == 400 then refused = refused + 1 elseif status ~= 201 then broken = broken + 1 end
end

function done(summary, latency)
  local refused, broken = 0, 0
  for _, thread in ipairs(threads) do
    refused = refused + thread:get("refused")
    broken = broken + thread:get("broken")
  end
  local errors = summary.errors
  broken = broken + errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format("RESULT %d %d %d %d %f %f\n", summary.requests, summary.duration, refused,
    broken, latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
