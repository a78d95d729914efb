/**
 * The search language over records that lie beside the page, where no server can read it.
 *
 * Terms, ranges, wildcards, minus, AND, OR and brackets mean what they mean to `isic`. What the
 * archive reads otherwise than it looks is not imitated, and a word without a field is looked for
 * in all text.
 */

const TOKENS = [
  ["space", /\s+/y],
  ["bracket", /[()]/y],
  ["field", /-?[A-Za-z0-9_]+\s*:/y],
  ["quoted", /"[^"]*"/y],
  ["range", /[[{][^\]}]*[\]}]/y],
  ["word", /[^\s()"[\]{}:]+/y],
];
const RANGE = /^[[{]\s*(\S+)\s+TO\s+(\S+?)\s*[\]}]$/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** A query that cannot be read, with the place. */
export class Mistake extends Error {
  constructor(message, start, end) {
    super(message);
    Object.assign(this, { start, end });
  }
}

function tokens(text) {
  const found = [];
  let at = 0;
  while (at < text.length) {
    let match = null;
    for (const [kind, pattern] of TOKENS) {
      pattern.lastIndex = at;
      match = pattern.exec(text);
      if (!match) continue;
      if (kind !== "space") found.push({ kind, text: match[0], start: at, end: at + match[0].length });
      at += match[0].length;
      break;
    }
    if (!match) throw new Mistake("this sign means nothing here", at, at + 1);
  }
  return found;
}

/**
 * Compile a query to a function of a record; `fields` are the names that records have. Its `loose`
 * is true where a word without a field is part of it, which `isic` would not read.
 */
export function compile(text, fields) {
  const given = tokens(text);
  let loose = false;
  let at = 0;
  const next = () => given[at] ?? { kind: "end", text: "", start: text.length, end: text.length };
  const wrong = (message, token = next()) => {
    throw new Mistake(message, token.start, Math.max(token.end, token.start + 1));
  };
  const keyword = (word) => next().kind === "word" && next().text === word && ++at;

  function either() {
    const parts = [both()];
    while (keyword("OR")) parts.push(both());
    return parts.length === 1 ? parts[0] : (record) => parts.some((part) => part(record));
  }
  function both() {
    const parts = [operand()];
    for (;;) {
      const joins = keyword("AND") || ["field", "quoted"].includes(next().kind) || next().text === "(";
      if (!joins && !(next().kind === "word" && next().text !== "OR")) break;
      parts.push(operand());
    }
    return parts.length === 1 ? parts[0] : (record) => parts.every((part) => part(record));
  }
  function operand() {
    const token = next();
    if (token.kind === "end") wrong("the query ends where a term is expected");
    at += 1;
    if (token.text === "(" && token.kind === "bracket") {
      const inner = either();
      if (next().text !== ")") wrong("this bracket is never closed", token);
      at += 1;
      return inner;
    }
    if (token.kind === "field") return term(token);
    if (token.kind !== "word" && token.kind !== "quoted") wrong("a term is expected", token);
    if (token.text === "AND" || token.text === "OR") wrong(`${token.text} needs a term on both sides`, token);
    loose = true;
    const words = token.text.replaceAll('"', "").toLowerCase();
    return (record) => textOf(record, fields).includes(words);
  }
  function term(token) {
    const negated = token.text.startsWith("-");
    const field = token.text.replace(/^-|\s*:$/g, "");
    if (!fields.has(field)) {
      wrong(`there is no field ${field}`, { start: token.start + negated, end: token.end - 1 });
    }
    const value = next();
    if (!["word", "quoted", "range"].includes(value.kind)) wrong("a value is missing here");
    at += 1;
    const holds = testOf(value, () => wrong("a range is [LOW TO HIGH]", value));
    return (record) => {
      const own = record[field];
      const found = own !== undefined && own !== null && own !== "" && holds(own);
      return found !== negated;
    };
  }

  if (!given.length) return Object.assign(() => true, { loose });
  const whole = either();
  if (next().kind !== "end") wrong(`${next().text} does not fit here`);
  return Object.assign((record) => whole(record), { loose });
}

function testOf({ kind, text }, wrong) {
  if (kind === "range") {
    const [, low, high] = RANGE.exec(text) ?? wrong();
    const ends = [low, high].map((end) => (end === "*" ? null : NUMBER.test(end) ? Number(end) : wrong()));
    return (own) => {
      const number = Number(own);
      if (Number.isNaN(number)) return false;
      const above = ends[0] === null || (text.startsWith("{") ? number > ends[0] : number >= ends[0]);
      const below = ends[1] === null || (text.endsWith("}") ? number < ends[1] : number <= ends[1]);
      return above && below;
    };
  }
  const value = text.replaceAll('"', "");
  if (value === "*") return () => true;
  if (value.startsWith("*")) return (own) => String(own).endsWith(value.slice(1));
  if (value.endsWith("*")) return (own) => String(own).startsWith(value.slice(0, -1));
  const number = NUMBER.test(value) ? Number(value) : NaN;
  return (own) => String(own) === value || (!Number.isNaN(number) && Number(own) === number);
}

const texts = new WeakMap();

function textOf(record, fields) {
  if (!texts.has(record)) texts.set(record, [...fields].map((name) => record[name] ?? "").join("\n").toLowerCase());
  return texts.get(record);
}
