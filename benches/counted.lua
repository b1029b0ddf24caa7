-- Counts answers by what they say; `dofile`d by the other scripts.
well, busy, other = 0, 0, 0
local threads = {}

function setup(thread)
  thread:set("at", #threads * 97)
  threads[#threads + 1] = thread
end

function response(status)
  if status < 300 then well = well + 1 elseif status == 503 then busy = busy + 1 else other = other + 1 end
end

function done(summary, latency)
  local errors = summary.errors
  local good, full, bad = 0, 0, errors.connect + errors.read + errors.write + errors.timeout
  for _, thread in ipairs(threads) do
    good, full, bad = good + thread:get("well"), full + thread:get("busy"), bad + thread:get("other")
  end
  io.write(string.format("FIGURES %d %d %d %d %d %d\n", latency:percentile(50), latency:percentile(99),
    summary.duration, good, full, bad))
end
