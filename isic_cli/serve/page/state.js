/** What is seen, held by the address bar: a link shows another person the same. */

const DEFAULTS = { q: "", sort: "", open: "", beside: "", view: "", size: "" };
const listeners = [];

export const state = { ...DEFAULTS };

function readAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  return Object.fromEntries(
    Object.entries(DEFAULTS).map(([name, usual]) => [name, given.get(name) ?? usual]),
  );
}

function tell(next) {
  const changed = Object.keys(DEFAULTS).filter((name) => state[name] !== next[name]);
  Object.assign(state, next);
  if (changed.length) listeners.forEach((listener) => listener(new Set(changed)));
}

/** Call with the set of names that changed. */
export function watchState(listener) {
  listeners.push(listener);
}

/** Change what is seen; `replace` leaves the browser's history as it is. */
export function setState(change, { replace = false } = {}) {
  const next = { ...state, ...change };
  const kept = Object.entries(next).filter(([name, value]) => value !== DEFAULTS[name]);
  const address = `#${new URLSearchParams(kept)}`;
  if (replace) history.replaceState(null, "", address);
  else if (address !== location.hash) history.pushState(null, "", address);
  tell(next);
}

/** Read the address, now and whenever the browser goes back or forward. */
export function startState() {
  Object.assign(state, readAddress());
  addEventListener("popstate", () => tell(readAddress()));
}
