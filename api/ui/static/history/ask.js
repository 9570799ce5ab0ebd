// Calls of our own API from a page in which somebody is signed in.

const token = document.querySelector('meta[name="csrf-token"]')?.content;

/** The answer of the server said no: `status`, `code`, and what to do next in `detail`. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.title ?? String(status));
    this.status = status;
    this.code = problem.code ?? "";
    this.detail = problem.detail ?? null;
    this.fields = problem.errors ?? [];
  }
}

/** JSON in, JSON out (null for an empty answer). Throws Refused, or TypeError without a network. */
export async function ask(method, path, body) {
  const headers = { accept: "application/json" };
  if (token && method !== "GET") headers["x-csrf-token"] = token;
  if (body !== undefined) headers["content-type"] = "application/json";
  const response = await fetch(path, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    cache: "no-store",
  });
  const text = await response.text();
  let found = null;
  try {
    found = text ? JSON.parse(text) : null;
  } catch {
    // Not ours: a proxy's page, perhaps.
  }
  if (!response.ok) throw new Refused(response.status, found ?? {});
  return found;
}
