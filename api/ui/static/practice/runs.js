// What was said in each conversation of the practice desk, kept in this browser: loading the page
// again goes on where one was. Starting over is a new conversation for the sidebar.

const PLACE = "potica.practice";

function read() {
  try {
    return JSON.parse(localStorage.getItem(PLACE)) ?? {};
  } catch {
    return {};
  }
}

const runs = read();

function write() {
  try {
    localStorage.setItem(PLACE, JSON.stringify(runs));
  } catch {
    // It holds as long as the page is open.
  }
}

const newId = () => crypto.getRandomValues(new Uint32Array(2)).reduce((id, n) => id + n.toString(36), "");

/** The run of a conversation: `{id, next, said}`; `next` is the turn that comes. */
export function runOf(name) {
  runs[name] ??= { id: newId(), next: 0, said: [] };
  return runs[name];
}

export function startOver(name) {
  delete runs[name];
  write();
  return runOf(name);
}

/** Add a turn to a run. */
export function say(run, role, text) {
  run.said.push({ id: `${run.id}-${run.said.length + 1}`, role, text, at: new Date().toISOString() });
  write();
}

export function moveOn(run) {
  run.next += 1;
  write();
}
