// Requests to the console's server. Each carries the page's token, which no foreign page can know.

const token = document.querySelector("meta[name=console-token]").content;
const TIMEOUT_MS = 10_000;

export class ServerError extends Error {}

async function request(path, options, timeout) {
  let response;
  try {
    response = await fetch(path, {
      ...options,
      headers: { "X-Console-Token": token, ...(options.headers ?? {}) },
      signal: timeout ? AbortSignal.timeout(timeout) : undefined,
    });
  } catch {
    throw new ServerError("The console does not answer. Is the local system still running? (make up)");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new ServerError(answer.error ?? `the console answered ${response.status}`);
  return answer;
}

export function get(path) {
  return request(path, {}, TIMEOUT_MS);
}

// A replay may take minutes, so that a POST has no timeout of its own: it is the function's.
export function post(path, body = {}) {
  return request(path, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
}
