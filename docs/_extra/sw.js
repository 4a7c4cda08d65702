// Keeps the pages that were read, for reading without a network. A page is always asked for anew first; the files that
// pages share are taken from here and fetched again behind the reader's back: nothing is older than one visit.
// Whatever fails here, the browser goes on as if this were not there.
const CACHE = "sse-handbook";
const HOME = new URL("./", self.location).pathname;
const SHARED = ["_static/handbook.js"];

const store = async (request, answer) => {
  if (answer.ok && answer.type === "basic") {
    const copy = answer.clone();
    const cache = await caches.open(CACHE).catch(() => null);
    await cache?.put(request, copy).catch(() => {});
  }
  return answer;
};

// The page that brought this script is read already: it and its files come from the browser's own store.
const storeFirst = async () => {
  const open = await self.clients.matchAll({ includeUncontrolled: true, type: "window" });
  const addresses = [...open.map((page) => page.url.split(/[?#]/)[0]), ...SHARED.map((name) => HOME + name)];
  await Promise.all(addresses.map((address) =>
    fetch(address, { cache: "force-cache" }).then((answer) => store(address, answer))));
};

const findStored = (request) => caches.match(request, { ignoreSearch: true, ignoreVary: true }).catch(() => undefined);

const answerOffline = async () => {
  const pages = (await (await caches.open(CACHE)).keys()).map((page) => new URL(page.url).pathname);
  const own = pages.filter((page) => page.startsWith(HOME) && !/\.(css|js|svg|png|webmanifest)$/.test(page)).sort();
  const links = own.map((page) => `<li><a href="${page}">${page.slice(HOME.length) || "index.html"}</a></li>`).join("");
  const head = '<!DOCTYPE html><html lang="en"><meta name="viewport" content="width=device-width"><title>No network</title>';
  const body = `${head}<h1>No network</h1><p>This page was not read here before. These pages were:</p><ul>${links}</ul>`;
  return new Response(body, { status: 503, headers: { "Content-Type": "text/html; charset=utf-8" } });
};

const answerPage = async (event) => {
  try {
    const answer = await fetch(event.request);
    event.waitUntil(store(event.request, answer.clone()));
    return answer;
  } catch {
    return (await findStored(event.request)) || answerOffline();
  }
};

const answerShared = async (event) => {
  const copy = await findStored(event.request);
  const fresh = fetch(event.request).then((answer) => store(event.request, answer));
  if (!copy) return fresh;
  event.waitUntil(fresh.catch(() => {}));
  return copy;
};

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(storeFirst().catch(() => {}));
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin || !url.pathname.startsWith(HOME)) return;
  if (request.mode === "navigate" && !url.pathname.includes("/downloads/")) event.respondWith(answerPage(event));
  else if (["style", "script", "image", "manifest"].includes(request.destination)) event.respondWith(answerShared(event));
});
