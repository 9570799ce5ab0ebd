// The protocol of Zendesk's apps framework, version 2, as lib/client.js of
// zendesk/zendesk_app_framework_sdk speaks it: JSON texts by postMessage. A handshake
// (`iframe.handshake`) is answered by `zaf.app.registered`; then requests (`get`, `set`, `invoke`)
// carry an id that the answer repeats, and events come as `zaf.<name>` once they are subscribed to.

import { isObject } from "./context.js";

const SDK = "2.0.0"; // the version of the protocol that we speak
const PATIENCE = 10_000; // milliseconds for an answer
const KNOCKS = 1_000; // milliseconds between handshakes until one is answered

export class Zaf {
  constructor(frame, appGuid) {
    this.frame = frame;
    this.guids = { appGuid, instanceGuid: appGuid };
    this.pending = new Map();
    this.handlers = new Map();
    this.number = 0;
    this.registered = new Promise((resolve) => this.handlers.set("app.registered", resolve));
    this.stop = frame.listen((data) => this.take(data));
    this.knock();
    this.timer = setInterval(() => this.knock(), KNOCKS);
    this.registered.then(() => clearInterval(this.timer));
  }

  send(message) {
    this.frame.post(JSON.stringify({ ...message, ...this.guids }));
  }

  knock() {
    this.send({ key: "iframe.handshake", message: { version: SDK } });
  }

  take(data) {
    const told = typeof data === "string" ? JSON.parse(data) : data;
    if (!isObject(told)) return;
    const waiting = this.pending.get(told.id);
    if (waiting !== undefined) {
      waiting(told);
    } else if (typeof told.key === "string" && told.key.startsWith("zaf.")) {
      this.handlers.get(told.key.slice(4))?.(told.message);
    }
  }

  /** Call `handler(message)` at each event of this name. */
  on(name, handler) {
    this.handlers.set(name, handler);
    this.send({ key: `iframe.on:${name}`, message: { subscriberCount: 1 } });
  }

  request(kind, params) {
    this.number += 1;
    const id = this.number;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => finish({ error: { message: "no answer" } }), PATIENCE);
      const finish = ({ error, result }) => {
        clearTimeout(timer);
        this.pending.delete(id);
        if (error) reject(new Error(error.message ?? error.msg ?? "refused"));
        else resolve(isObject(result) ? result : {});
      };
      this.pending.set(id, finish);
      this.send({ id, request: kind, params });
    });
  }

  /** Path -> value; paths that the host does not know are left out. */
  async get(paths) {
    const { errors, ...values } = await this.request("get", paths);
    return Object.fromEntries(Object.entries(values).filter(([path]) => !errors?.[path]));
  }

  /** Raises an Error when the host does not know the action or refuses it. */
  async invoke(action, ...given) {
    const { errors } = await this.request("invoke", { [action]: given });
    if (errors?.[action]) throw new Error(errors[action].message ?? "refused");
  }

  close() {
    this.stop();
    clearInterval(this.timer);
  }
}
