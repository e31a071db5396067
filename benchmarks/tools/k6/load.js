// k6 as a peer: 16 busy virtual users, or a constant arrival rate; prints how many it sent.
import http from "k6/http";

const SCENARIOS = {
  busy: { executor: "constant-vus", vus: 16, duration: `${__ENV.SECONDS}s` },
  arrivals: {
    executor: "constant-arrival-rate",
    rate: Number(__ENV.RATE),
    timeUnit: "1s",
    duration: `${__ENV.SECONDS}s`,
    preAllocatedVUs: 64,
  },
};

export const options = {
  scenarios: { load: SCENARIOS[__ENV.KIND] },
  discardResponseBodies: true,
};

export default function () {
  http.get(__ENV.URL);
}

export function handleSummary(data) {
  const { http_reqs, http_req_duration } = data.metrics;
  const ms = http_req_duration.values;
  return {
    stdout: JSON.stringify({ requests: http_reqs.values.count, p50: ms.med, p95: ms["p(95)"] }),
  };
}
