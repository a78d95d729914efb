/** The data of the page from `isic serve`. */

/** What the server refused, or why it could not be asked. */
export class ServerError extends Error {
  constructor(message, answer = {}) {
    super(message);
    this.answer = answer;
  }
}

async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new ServerError("The server does not answer. Is `isic serve` still running?");
  }
  const answer = response.status === 204 ? {} : await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const [first] = [answer.detail].flat();
  throw new ServerError(first?.msg ?? first ?? `The server answered with status ${response.status}`, answer);
}

const parameters = (given) =>
  new URLSearchParams(Object.entries(given).filter(([, value]) => value !== "" && value !== undefined));

const itemOf = (isic_id) => ({
  isic_id, thumb: `/thumbnails/${encodeURIComponent(isic_id)}_thumbnail.jpg`,
});

/** Return the data interface of the page over HTTP. */
export async function serverData() {
  const info = await ask("/gallery/info");
  const send = (path, body) =>
    ask(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Isic-Token": info.token ?? "" },
      body: JSON.stringify(body),
    });
  return {
    info,
    list: (given, signal) => ask(`/gallery/list?${parameters(given)}`, { signal }),
    facets: (query) => ask(`/api/v2/images/facets/?${parameters({ query })}`),
    image: async (id) => {
      const found = await ask(`/gallery/image/${encodeURIComponent(id)}`);
      const { attribution, license } = found.credit ?? {};
      return { ...found, credit: [attribution, license].filter(Boolean).join(", ") };
    },
    check: (query) => ask(`/gallery/check?${parameters({ query })}`),
    complete: (query, at) => ask(`/gallery/complete?${parameters({ query, at })}`),
    duplicates: async () => {
      const { pairs } = await ask("/gallery/duplicates");
      return { pairs: pairs.map((pair) => ({ ...pair, left: itemOf(pair.left), right: itemOf(pair.right) })) };
    },
    marks: () => ask("/gallery/marks"),
    keepMarks: (marks) => send("/gallery/marks", marks),
    save: (wanted) => send("/gallery/save", wanted),
    note: (isic_id, note) => send("/gallery/notes", { isic_id, note }),
    command: (query, excluded) =>
      ask(`/gallery/command?${parameters({ query, excluded: excluded.join(",") })}`),
    overlay: (id, kind, name) =>
      `/gallery/overlay/${encodeURIComponent(id)}?${parameters({ kind, name })}`,
  };
}
