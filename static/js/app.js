// What plain HTML and htmx can't do alone. Every page works without this file.
(() => {
  "use strict";
  const byId = (id) => document.getElementById(id);
  const word = (name) => byId("words")?.content.querySelector(`[data-word="${name}"]`);
  const say = (text) => { byId("live").textContent = text; };
  const warn = (name) => byId("alert").replaceChildren(...(word(name)?.cloneNode(true).childNodes ?? []));
  const isPoll = ({ detail }) => (detail.requestConfig?.elt ?? detail.elt).hasAttribute("data-poll");
  // What refreshes by itself stands still while somebody points at it or has the focus in it.
  const isHeld = ({ detail }) => (detail.requestConfig?.elt ?? detail.elt).matches("[data-hold]:is(:hover, :focus-within)");
  const on = (name, handler) => document.addEventListener(name, handler);

  // Controls that need JavaScript are born hidden.
  const prepare = (root) => {
    for (const element of root.querySelectorAll("[data-js]")) {
      element.hidden = "copy" in element.dataset && !navigator.clipboard;
    }
  };
  prepare(document);

  on("htmx:beforeRequest", (event) => {
    if (isPoll(event)) return (document.hidden || isHeld(event)) && event.preventDefault();
    byId("alert").replaceChildren();
    event.detail.target.setAttribute("aria-busy", "true");
  });
  on("htmx:afterRequest", ({ detail }) => detail.target?.removeAttribute("aria-busy"));

  // A whole page is never put inside this one: it means signed out, or a problem.
  on("htmx:beforeSwap", (event) => {
    if (isPoll(event) && isHeld(event)) event.detail.shouldSwap = false;
    if (!/^\s*<!doctype html/i.test(event.detail.serverResponse)) return;
    event.detail.shouldSwap = false;
    if (event.detail.xhr.status < 400) location.reload();
    else if (!isPoll(event)) warn("problem");
  });
  on("htmx:responseError", (event) => isPoll(event) || warn("problem"));
  for (const name of ["htmx:timeout", "htmx:sendError"]) on(name, (event) => isPoll(event) || warn("unheard"));

  // After a swap: the tab's title, a word to screen readers, and focus where reading goes on.
  on("htmx:afterSettle", (event) => {
    const fresh = event.target;
    prepare(fresh);
    if (isPoll(event)) return fresh.dataset.say && say(fresh.dataset.say);
    if (fresh.dataset.title) document.title = fresh.dataset.title;
    const message = fresh.closest("[data-say]") ?? fresh.querySelector("[data-say]");
    if (message) say(message.dataset.say);
    if (document.activeElement === document.body) {
      fresh.querySelector("[autofocus], h1[tabindex], .day[tabindex]")?.focus();
    }
  });

  on("click", ({ target }) => {
    const button = target.closest("button");
    const { amount, copy, show } = button?.dataset ?? {};
    if (amount) {
      button.form.elements.amount.value = amount;
      button.form.elements.amount.focus();
    } else if (copy) {
      navigator.clipboard.writeText(copy).then(() => {
        button.lastElementChild.textContent = word("copied").textContent;
        say(word("copied").textContent);
      });
    } else if (show) {
      const text = button.textContent;
      byId(show).type = byId(show).type === "password" ? "text" : "password";
      button.textContent = button.dataset.otherWord;
      button.dataset.otherWord = text;
    } else if (button && "print" in button.dataset) {
      window.print();
    }
  });

  // A plain form is sent once. Its buttons go off after the browser has read the clicked one.
  const buttons = (form, off) => form.querySelectorAll("button").forEach((button) => { button.disabled = off; });
  on("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "yes";
    setTimeout(() => buttons(form, true));
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
      buttons(form, false);
    }
  });

  // A receipt in this tab means that the balance in the others is old; so does a tab seen again.
  const refresh = () => window.htmx?.trigger(document.body, "balance-changed");
  const tabs = "BroadcastChannel" in window ? new BroadcastChannel("nissmart") : null;
  const news = document.querySelector("[data-announce]")?.dataset.announce;
  if (news) tabs?.postMessage(news);
  tabs?.addEventListener("message", ({ data }) => data === "balance-changed" && refresh());
  on("visibilitychange", () => document.hidden || refresh());
})();
