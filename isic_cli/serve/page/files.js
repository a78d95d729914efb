/** The data of the page from files beside it: what `isic image gallery` wrote, without a server. */

import { compile, Mistake } from "./matching.js";
import { termOf } from "./terms.js";

const HIDDEN = new Set(["isic_id", "attribution", "patient_id", "lesion_id", "rcm_case_id", "pixels_x", "pixels_y", "acquisition_day"]);
const MOST_VALUES = 40;
const STEP = 5;
const MOST_IDS = 40; // in a command; more go into a list

/** Return the data interface of the page over `window.GALLERY`. */
export function filesData(given) {
  const { records, ...info } = given;
  const byId = new Map(records.map((record) => [record.isic_id, record]));
  const names = new Set(info.fields.map((field) => field.name));
  const found = new Map();
  const store = `isic-gallery:${info.title}:${info.made}`;
  let unkept = { selected: [], excluded: [] }; // where a browser keeps nothing of pages from disk

  function marks() {
    try {
      return JSON.parse(localStorage.getItem(store)) ?? unkept;
    } catch {
      return unkept;
    }
  }

  function select(query, sort = "") {
    const key = `${query}\n${sort}`;
    if (found.has(key)) return found.get(key);
    const matches = compile(query, names);
    const kept = records.filter((record) => matches(record));
    if (sort) kept.sort(ordering(sort));
    if (found.size > 8) found.clear();
    found.set(key, kept);
    return kept;
  }

  return {
    info: { ...info, count: records.length, read_only: false, token: "" },
    list: async ({ query, sort, offset = 0, limit = 100 }) => {
      const kept = select(query, sort);
      return { total: kept.length, offset, items: kept.slice(offset, offset + limit).map(itemOf) };
    },
    facets: async (query) => {
      const kept = select(query);
      const shown = info.fields.filter((field) => !HIDDEN.has(field.name));
      return Object.fromEntries(shown.map((field) => [field.name, facetOf(field, kept, records)]));
    },
    image: async (id) => {
      const record = byId.get(id);
      if (!record) throw new Error(`${id} is not in this gallery`);
      const { thumb, file, caption, credit, layers, ...fields } = record;
      return { record: fields, thumb, file: file ?? thumb, credit, layers: layers ?? {}, notes: [] };
    },
    check: async (query) => {
      try {
        compile(query, names);
        return { ok: true };
      } catch (error) {
        if (!(error instanceof Mistake)) throw error;
        return { ok: false, error: error.message, start: error.start, end: error.end };
      }
    },
    complete: async (query, at) => completions(query, at, info.fields, records),
    marks: async () => marks(),
    keepMarks: async (change) => {
      const changed = new Set(Object.values(change).flat());
      const kept = Object.entries(marks()).map(([kind, ids]) => [
        kind, [...ids.filter((id) => !changed.has(id)), ...change[kind]],
      ]);
      unkept = Object.fromEntries(kept);
      try {
        localStorage.setItem(store, JSON.stringify(unkept));
      } catch {
        return; // the marks then last as long as the page
      }
    },
    save: async ({ kind, name, ids, query, excluded }) => {
      const left = new Set(excluded);
      const kept = ids ?? select(query).map((record) => record.isic_id);
      download(name, kept.filter((id) => !left.has(id)));
      // Nobody downloads what was thrown out, and this page's search is not always the shell's.
      if (kind === "exclusion") return { path: name };
      const quoted = `'${name.replaceAll("'", "'\\''")}'`;
      const list = /^[\w.][\w.-]*$/.test(name) ? name : quoted;
      return { path: name, command: `${info.command_prefix} image download --from ${list} images/` };
    },
    command: async (query, excluded) => {
      const left = new Set(excluded);
      const ids = select(query).map((record) => record.isic_id).filter((id) => !left.has(id));
      const wanted = ids.length > MOST_IDS ? "--from selection.txt" : ids.join(" ");
      return { command: `${info.command_prefix} image download ${wanted} images/` };
    },
  };
}

const itemOf = ({ isic_id, thumb, pixels_x, pixels_y, caption, credit, label, split }) => ({
  isic_id, thumb, width: pixels_x, height: pixels_y, caption, credit, label, split,
});

function ordering(sort) {
  const down = sort.startsWith("-") ? -1 : 1;
  const field = sort.replace(/^-/, "");
  const blank = (value) => value === undefined || value === null || value === "";
  return (one, other) => {
    const [left, right] = [one[field], other[field]];
    if (blank(left) || blank(right)) return blank(left) - blank(right);
    return down * (Number(left) - Number(right) || String(left).localeCompare(String(right)));
  };
}

/** Count the values of a field in the shape of the archive's facets. */
function facetOf({ name, type }, kept, records) {
  const counts = new Map();
  let missing = 0;
  const keyOf = (record) => {
    const value = record[name];
    if (value === undefined || value === null || value === "") return null;
    return type === "number" ? Math.floor(Number(value) / STEP) * STEP : String(value);
  };
  for (const record of records) counts.set(keyOf(record), 0);
  for (const record of kept) counts.set(keyOf(record), counts.get(keyOf(record)) + 1);
  missing = counts.get(null) ?? 0;
  counts.delete(null);
  const order = type === "number" ? (a, b) => a[0] - b[0] : (a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1);
  const buckets = [...counts].sort(order).slice(0, MOST_VALUES).map(([key, doc_count]) => ({
    key, doc_count, ...(type === "number" ? { from: key, to: key + STEP } : {}),
  }));
  return { meta: { missing_count: missing, present_count: kept.length - missing }, buckets };
}

function completions(query, at, fields, records) {
  const [last] = /(?:[A-Za-z0-9_]+:)?(?:"[^"]*|[^\s()"-]*)$/.exec(query.slice(0, at));
  const [, name, value] = /^([A-Za-z0-9_]+):"?(.*)$/.exec(last) ?? [];
  const start = at - last.length;
  if (!name) {
    const options = fields.filter((field) => field.name.startsWith(last)).map((field) => `${field.name}:`);
    return { start, end: at, options };
  }
  const values = new Set(records.map((record) => record[name]).filter((one) => one !== undefined && one !== ""));
  const options = [...values].map(String).filter((one) => one.startsWith(value)).sort().slice(0, MOST_VALUES);
  return { start, end: at, options: options.map((one) => termOf(name, one)) };
}

function download(name, ids) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([ids.map((id) => `${id}\n`).join("")], { type: "text/plain" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
