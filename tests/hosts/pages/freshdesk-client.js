// In the place of Freshdesk's client library ({{{appclient}}}): the same calls, the same answers.
"use strict";

window.app = (() => {
  const DESK = "@DESK@";
  const pending = new Map();
  const handlers = new Map();
  let number = 0;

  addEventListener("message", (event) => {
    if (event.origin !== DESK || event.source !== parent) return;
    const { id, result, error, event: name } = event.data ?? {};
    if (name !== undefined) for (const handler of handlers.get(name) ?? []) handler({});
    const waiting = pending.get(id);
    pending.delete(id);
    if (waiting) (error === undefined ? waiting.resolve : waiting.reject)(error ? new Error(error) : result);
  });

  const ask = (call, ...given) =>
    new Promise((resolve, reject) => {
      number += 1;
      pending.set(number, { resolve, reject });
      parent.postMessage({ id: number, call, given }, DESK);
    });

  const client = {
    data: { get: (name) => ask("get", name) },
    interface: { trigger: (name, given) => ask("trigger", name, given) },
    instance: { resize: (given) => ask("resize", given) },
    request: { invokeTemplate: (name, given) => ask("invokeTemplate", name, given) },
    events: { on: (name, handler) => handlers.set(name, [...(handlers.get(name) ?? []), handler]) },
  };
  return { initialized: async () => client };
})();
