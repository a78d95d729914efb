/** The filters beside the grid: values with counts that follow the query. */

import { byId, counted, el } from "./dom.js";
import { picked, termOf, toggled, without } from "./terms.js";

const FIRST = ["label", "split", "diagnosis_1", "diagnosis_3", "sex", "age_approx", "anatom_site_1", "image_type"];
const LATER = [
  "diagnosis_2", "diagnosis_4", "diagnosis_5", "anatom_site_2", "anatom_site_3", "anatom_site_4",
  "anatom_site_5",
];
const HIDDEN = new Set(["patient_id", "lesion_id", "rcm_case_id"]);
const SHORT = 8; // values shown before "more"

const nameOf = (field) => field.replaceAll("_", " ");

/** Return the value of a bucket as the search language writes it, and as people read it. */
function valueOf(field, bucket) {
  if (bucket.key_as_string) return [termOf(field, bucket.key_as_string), bucket.key_as_string];
  if (bucket.to === undefined) return [termOf(field, bucket.key), String(bucket.key)];
  const last = bucket.to === "*" ? "*]" : `${bucket.to}}`;
  // Ages are whole numbers; of other measures the upper end belongs to the next bar.
  const end = field === "age_approx" ? bucket.to - 1 : `<${bucket.to}`;
  const words = bucket.to === "*" ? `${bucket.from} and more` : `${bucket.from} – ${end}`;
  return [`${field}:[${bucket.from} TO ${last}`, words];
}

/** The archive gives its bars a start and no end: the next one begins where this one ends. */
function withEnds(facet) {
  const bars = facet.buckets;
  const isBars = bars.length > 1 && bars.every((bar) => typeof bar.key === "number" && !bar.key_as_string);
  if (!isBars || bars[0].to !== undefined) return facet;
  const step = bars[1].key - bars[0].key;
  return { ...facet, buckets: bars.map((bar) => ({ ...bar, from: bar.key, to: bar.key + step })) };
}

export class Facets {
  /** `choose(change)` searches for what `change` makes of the query of that moment. */
  constructor(data, choose) {
    Object.assign(this, { data, choose, open: new Set(FIRST), long: new Set(), version: 0 });
    this.root = byId("facets");
  }

  /** Show the counts of a query. */
  async show(query) {
    const version = (this.version += 1);
    const found = await this.data.facets(query);
    // Of a field that is filtered all values stay in sight, counted as if it were not.
    const fields = Object.keys(found).filter((field) => picked(query, field).length);
    const others = await Promise.all(fields.map((field) => this.data.facets(without(query, field))));
    if (version !== this.version) return;
    fields.forEach((field, at) => (found[field] = others[at][field]));
    this.draw(query, found);
  }

  draw(query, found) {
    const focused = document.activeElement?.id ?? "";
    const middle = Object.keys(found).filter((name) => !FIRST.includes(name) && !LATER.includes(name));
    const names = [...FIRST, ...middle, ...LATER].filter((name) => found[name] && !HIDDEN.has(name));
    const groups = names.map((name) => this.group(query, name, withEnds(found[name])));
    this.root.replaceChildren(el("h2", {}, "Filters"), ...groups.filter(Boolean));
    if (focused.startsWith("facet-")) byId(focused)?.focus();
  }

  group(query, field, facet) {
    const now = picked(query, field);
    const rows = facet.buckets
      .map((bucket) => [...valueOf(field, bucket), bucket.doc_count])
      .filter(([term, , count]) => count || now.includes(term));
    if (facet.meta?.missing_count) rows.push([`-${field}:*`, "no value", facet.meta.missing_count]);
    if (rows.length < 2 && !now.length) return null;
    const most = Math.max(...rows.map(([, , count]) => count));
    const long = this.long.has(field) || rows.length <= SHORT + 2;
    const shown = rows.filter(([term], at) => long || at < SHORT || now.includes(term));
    const list = el("ul", {}, ...shown.map((row) => this.row(field, row, now, most)));
    const more = long ? null : el("button", {
      type: "button", className: "more", id: `facet-more-${field}`,
      onclick: () => { this.long.add(field); this.show(query); },
    }, `${counted(rows.length - shown.length)} more`);
    return el("details", {
      open: this.open.has(field) || now.length > 0,
      ontoggle: (event) => this.open[event.target.open ? "add" : "delete"](field),
    }, el("summary", { id: `facet-${field}` }, nameOf(field)), list, more);
  }

  row(field, [term, words, count], now, most) {
    const bar = el("span", { className: "bar", "aria-hidden": "true" });
    bar.style.width = `${(100 * count) / (most || 1)}%`;
    const button = el("button", {
      type: "button",
      id: `facet-${term}`,
      "aria-pressed": String(now.includes(term)),
      "aria-label": `${nameOf(field)}: ${words}, ${counted(count)} image${count === 1 ? "" : "s"}`,
      onclick: () => this.choose((now) => toggled(now, field, term)),
    }, el("span", { className: "value" }, words), el("span", { className: "number" }, counted(count)), bar);
    return el("li", {}, button);
  }
}
