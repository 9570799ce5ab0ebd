// Calls of our own server, with the sidebar's token.

const PATIENCE = 20_000; // milliseconds for an answer

/** The server said no and why; asking again the same way will not help. */
export class Refusal extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || String(status));
    this.status = status;
    this.code = problem.code ?? "";
  }
}

/** No answer came, or one that says to come again: worth another attempt later. */
export class Trouble extends Error {
  constructor(message, after = 0) {
    super(message);
    this.after = after; // milliseconds before which it is no use
  }
}

const AGAIN = new Set([408, 425, 429]);

async function failed(response) {
  const after = Number(response.headers.get("retry-after")) * 1000 || 0;
  if (response.status >= 500 || AGAIN.has(response.status)) {
    return new Trouble(`${response.status}`, after);
  }
  const problem = await response.json().catch(() => ({}));
  return new Refusal(response.status, problem);
}

export function createApi(tokens) {
  async function once(path, options, token) {
    const headers = { accept: "application/json", "accept-language": document.documentElement.lang, ...options.headers };
    if (token) headers.authorization = `Bearer ${token}`;
    try {
      return await fetch(path, { ...options, headers, cache: "no-store" });
    } catch (error) {
      if (options.signal?.aborted && options.signal.reason?.name !== "TimeoutError") throw error;
      throw new Trouble(error.message);
    }
  }

  /** The response, of whatever status but 401: then once more with another token. */
  async function fetched(path, options) {
    const token = await tokens.bearer();
    const response = await once(path, options, token);
    if (response.status !== 401) return response;
    await tokens.renewIfNeeded(token);
    return once(path, options, await tokens.bearer());
  }

  async function call(method, path, { body, key, signal, patience = PATIENCE } = {}) {
    const headers = body === undefined ? {} : { "content-type": "application/json" };
    if (key) headers["idempotency-key"] = key;
    const limit = AbortSignal.timeout(patience);
    const response = await fetched(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
    if (!response.ok) throw await failed(response);
    return response;
  }

  const json = async (...given) => (await call(...given)).json();
  return {
    get: (path, options) => json("GET", path, options),
    post: (path, body, options) => json("POST", path, { body, ...options }),
    patch: (path, body, options) => json("PATCH", path, { body, ...options }),
    send: (method, path, body, key) => json(method, path, { body, key }),
    /** A piece of a page that this server rendered, as text. */
    page: async (path, options) => (await call("GET", path, options)).text(),
    /** A picture that this server keeps, for whoever the token speaks for. */
    picture: async (path) => (await call("GET", path)).blob(),
    /** A response that goes on; its body is for the caller to read. */
    async stream(path, signal) {
      const response = await fetched(path, { headers: { accept: "text/event-stream" }, signal });
      if (!response.ok) throw await failed(response);
      return response;
    },
    renew: async () => tokens.renewIfNeeded(await tokens.bearer()),
  };
}
