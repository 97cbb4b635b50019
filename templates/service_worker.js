{% load static %}// Shows the offline page where there is no connection. It keeps that page and what the page needs,
// which is the same for everyone. It never keeps an answer to a member.
const OFFLINE = "{% url 'offline' %}";
const KEPT = [OFFLINE, "{% static 'css/base.css' %}", "{% static 'css/member.css' %}", "{% static 'weave.svg' %}"];
const CACHE = "offline-{{ version }}";

self.addEventListener("install", (event) => {
  // Without cookies, so that it's the page of a stranger. A style sheet's name changes with it.
  const kept = KEPT.map((url) => new Request(url, { credentials: "omit" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(kept)).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => {
  const drop = (names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)));
  event.waitUntil(caches.keys().then(drop).then(() => self.clients.claim()));
});
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const { pathname, origin } = new URL(request.url);
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => caches.match(OFFLINE)));
  } else if (origin === location.origin && KEPT.includes(pathname)) {
    event.respondWith(fetch(request).catch(() => caches.match(pathname)));
  }
});
