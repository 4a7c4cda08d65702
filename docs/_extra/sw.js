// Keeps the pages that were read, for reading without a network. A page is always asked for anew first; the files that
// pages share are taken from here and fetched again behind the reader's back: nothing is older than one visit.
// Whatever fails here, the browser goes on as if this were not there.
const KEPT = "sse-handbook";
const HOME = new URL("./", self.location).pathname;
const SHARED = ["_static/handbook.js"];

const keep = async (request, answer) => {
  if (answer.ok && answer.type === "basic") {
    const copy = answer.clone();
    const store = await caches.open(KEPT).catch(() => null);
    await store?.put(request, copy).catch(() => {});
  }
  return answer;
};

// The page that brought this script is read already: it and its files come from the browser's own store.
const keepFirst = async () => {
  const open = await self.clients.matchAll({ includeUncontrolled: true, type: "window" });
  const addresses = [...open.map((each) => each.url.split(/[?#]/)[0]), ...SHARED.map((name) => HOME + name)];
  await Promise.all(addresses.map((each) => fetch(each, { cache: "force-cache" }).then((answer) => keep(each, answer))));
};

const kept = (request) => caches.match(request, { ignoreSearch: true, ignoreVary: true }).catch(() => undefined);

const nothing = async () => {
  const pages = (await (await caches.open(KEPT)).keys()).map((each) => new URL(each.url).pathname);
  const own = pages.filter((each) => each.startsWith(HOME) && !/\.(css|js|svg|png|webmanifest)$/.test(each)).sort();
  const links = own.map((each) => `<li><a href="${each}">${each.slice(HOME.length) || "index.html"}</a></li>`).join("");
  const head = '<!DOCTYPE html><html lang="en"><meta name="viewport" content="width=device-width"><title>No network</title>';
  const body = `${head}<h1>No network</h1><p>This page was not read here before. These pages were:</p><ul>${links}</ul>`;
  return new Response(body, { status: 503, headers: { "Content-Type": "text/html; charset=utf-8" } });
};

const page = async (event) => {
  try {
    const answer = await fetch(event.request);
    event.waitUntil(keep(event.request, answer.clone()));
    return answer;
  } catch {
    return (await kept(event.request)) || nothing();
  }
};

const shared = async (event) => {
  const copy = await kept(event.request);
  const anew = fetch(event.request).then((answer) => keep(event.request, answer));
  if (!copy) return anew;
  event.waitUntil(anew.catch(() => {}));
  return copy;
};

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(keepFirst().catch(() => {}));
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin || !url.pathname.startsWith(HOME)) return;
  if (request.mode === "navigate" && !url.pathname.includes("/downloads/")) event.respondWith(page(event));
  else if (["style", "script", "image", "manifest"].includes(request.destination)) event.respondWith(shared(event));
});
