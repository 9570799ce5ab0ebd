// Calls of our own server. A session that ended is told apart from a line that is down.

const PATIENCE = 25_000; // milliseconds for an answer
const COMES_BACK = new Set([408, 425, 429]);
const token = document.querySelector('meta[name="csrf-token"]');
let csrf = token?.content ?? "";
let person = "";

/** No answer came, or one that says to come again: the same may be sent once more. */
export class NoLine extends Error {
  constructor(message, after = 0, status = 0) {
    super(message);
    this.after = after; // milliseconds before which it is no use
    this.status = status; // 0: nothing came back at all
  }
}

/** Nobody is signed in any more, or (`other`) somebody else is. */
export class SignedOut extends Error {
  constructor(other = false) {
    super("signed out");
    this.other = other;
  }
}

/** The server said no and why; asking again the same way will not help. */
export class Refusal extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || String(status));
    this.status = status;
    this.code = problem.code ?? "";
    this.details = problem.details ?? {};
    this.fields = (problem.errors ?? []).map((error) => error.field);
  }
}

/** Whose page this is: nothing is ever sent in somebody else's name. */
export function speakFor(actor) {
  person = actor;
}

async function fetched(method, path, { body, type, signal, keepalive = false, accept, patience = PATIENCE }) {
  const headers = { accept: accept ?? "application/json" };
  if (csrf && method !== "GET") headers["x-csrf-token"] = csrf;
  if (body !== undefined) headers["content-type"] = type ?? "application/json";
  const limit = AbortSignal.timeout(patience);
  try {
    return await fetch(path, {
      method,
      headers,
      body: body === undefined || type ? body : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
      cache: "no-store",
      keepalive,
      redirect: "error",
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new NoLine(error.message);
  }
}

/** Ask who is signed in, and take that session's token. Raises SignedOut. */
async function whoAmI() {
  const response = await fetched("GET", "/api/v1/session", {});
  if (!response.ok) throw new NoLine("session", 0, response.status);
  const who = await response.json();
  const actor = who.user_id ?? (who.kind === "open_access" ? "anonymous" : "");
  if (actor !== person) throw new SignedOut(actor !== "");
  csrf = who.csrf ?? "";
}

/** The response of a call that worked. Raises NoLine, SignedOut, Refusal. */
export async function call(method, path, options = {}) {
  let response = await fetched(method, path, options);
  if (response.status === 401 || response.status === 403) {
    const problem = await response.json().catch(() => ({}));
    if (response.status === 403 && problem.code !== "csrf") throw new Refusal(403, problem);
    await whoAmI();
    response = await fetched(method, path, options);
  }
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  if (response.status === 401 || problem.code === "csrf") throw new SignedOut();
  if (response.status >= 500 || COMES_BACK.has(response.status)) {
    throw new NoLine(problem.code ?? "", Number(response.headers.get("retry-after")) * 1000 || 0, response.status);
  }
  throw new Refusal(response.status, problem);
}

export async function json(method, path, body, options = {}) {
  const response = await call(method, path, { body, ...options });
  return response.status === 204 ? null : response.json();
}

export async function html(method, path, body, options = {}) {
  return (await call(method, path, { body, accept: "text/html", ...options })).text();
}
