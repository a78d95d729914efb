/** Queries as text: what a click on a facet makes of the one in the box. */

/** Cut a query at a top-level keyword, outside quotes and brackets. */
export function cut(query, keyword) {
  const parts = [];
  let depth = 0;
  let quoted = false;
  let start = 0;
  for (let at = 0; at < query.length; at += 1) {
    const sign = query[at];
    if (sign === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (sign === "(") depth += 1;
    else if (sign === ")") depth -= 1;
    else if (
      depth === 0 &&
      query.startsWith(keyword, at) &&
      /[\s)]/.test(query[at - 1] ?? "") &&
      /[\s(]/.test(query[at + keyword.length] ?? "")
    ) {
      parts.push(query.slice(start, at).trim());
      start = at + keyword.length;
      at = start - 1;
    }
  }
  return [...parts, query.slice(start).trim()].filter((part) => part);
}

const WORD = /^[A-Za-z][A-Za-z0-9_-]*$/;

/** Write one term: a bare word stays bare, other text is quoted, a range is written as it is. */
export function termOf(field, value) {
  const text = String(value);
  const plain = WORD.test(text) && text !== "AND" && text !== "OR";
  return `${field}:${plain || /^[[{\d*]/.test(text) && !/[^[\]{}\d*.TO -]/.test(text) ? text : `"${text}"`}`;
}

/** Return the terms of a part that asks for values of one field alone, else null. */
function picksOf(part, field) {
  const inner = part.startsWith("(") && part.endsWith(")") ? part.slice(1, -1) : part;
  const terms = cut(inner, "OR");
  const own = terms.every(
    (term) => (term.startsWith(`${field}:`) || term === `-${field}:*`) && cut(term, "AND").length === 1,
  );
  return own && terms.length ? terms : null;
}

/** Return the terms that a query asks of a field by a part of its own. */
export function picked(query, field) {
  if (cut(query, "OR").length > 1) return picksOf(query, field) ?? [];
  return cut(query, "AND").flatMap((part) => picksOf(part, field) ?? []);
}

/** Return the query without the parts that ask for values of a field. */
export function without(query, field) {
  if (cut(query, "OR").length > 1) return picksOf(query, field) ? "" : query;
  return cut(query, "AND").filter((part) => !picksOf(part, field)).join(" AND ");
}

/** Add a term to what a query asks of its field, or take it out again. */
export function toggled(query, field, term) {
  const now = picked(query, field);
  const next = now.includes(term) ? now.filter((one) => one !== term) : [...now, term];
  let rest = without(query, field);
  if (cut(rest, "OR").length > 1) rest = `(${rest})`;
  const part = next.length > 1 ? `(${next.join(" OR ")})` : next.join("");
  if (!rest) return next.join(" OR ");
  return part ? `${rest} AND ${part}` : rest;
}
