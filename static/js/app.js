// What plain HTML and htmx can't do. Every page works without this file.
(() => {
  "use strict";
  const byId = (id) => document.getElementById(id);
  const word = (name) => byId("words")?.content.querySelector(`[data-word="${name}"]`);
  const say = (text) => { byId("live").textContent = text; };
  const warn = (name) => byId("alert").replaceChildren(...(word(name)?.cloneNode(true).childNodes ?? []));
  const isPoll = ({ detail }) => (detail.requestConfig?.elt ?? detail.elt).hasAttribute("data-poll");
  // A part that refreshes by itself waits while the pointer or the focus is in it.
  const HELD = "[data-hold]:is(:hover, :focus-within)";
  const isHeld = ({ detail }) => (detail.requestConfig?.elt ?? detail.elt).matches(HELD);
  const on = (name, handler) => document.addEventListener(name, handler);

  // Controls that need JavaScript are hidden in the HTML.
  const prepare = (root) => {
    for (const element of root.querySelectorAll("[data-js]")) {
      element.hidden = "copy" in element.dataset && !navigator.clipboard;
    }
  };
  prepare(document);

  on("htmx:beforeRequest", (event) => {
    if (isPoll(event)) return (document.hidden || isHeld(event)) && event.preventDefault();
    byId("alert").replaceChildren();
    // Messages about the last submission don't apply to the next one.
    if (event.detail.requestConfig.verb === "post") document.querySelector(".messages")?.remove();
    event.detail.target.setAttribute("aria-busy", "true");
  });
  on("htmx:afterRequest", ({ detail }) => {
    detail.target?.removeAttribute("aria-busy");
    // 204: the page still shows the right data. Set its clock to the server's time.
    const clock = detail.xhr.status === 204 && detail.elt.querySelector("time[data-zone]");
    if (!clock) return;
    const at = new Date(detail.xhr.getResponseHeader("Date") ?? Date.now());
    clock.textContent = at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: clock.dataset.zone });
  });
  // The same rule for a list sent along with another part. The next answer brings it again.
  on("htmx:oobBeforeSwap", ({ target, detail }) => { detail.shouldSwap &&= !target.matches(HELD); });

  // Warn about an answer that can't be shown. A payment whose answer is lost may have gone through, so
  // the page then says that it's unsure, and a second press is safe.
  const fail = (event, name) => {
    if (isPoll(event)) return;
    const { target, requestConfig, xhr } = event.detail;
    const isRefused = [403, 429].includes(xhr?.status);
    const unsure = target?.querySelector("[data-unsure]");
    if (!unsure || isRefused || !requestConfig?.formData?.has("confirm")) return warn(name);
    for (const element of target.querySelectorAll("[data-until-unsure]")) element.hidden = true;
    unsure.hidden = false;
    const poll = unsure.querySelector("template");
    if (poll) {
      poll.replaceWith(poll.content);
      window.htmx.process(unsure);
    }
    unsure.scrollIntoView({ block: "nearest" });
  };
  const words = { 403: "stale", 429: "slow" };
  const failed = (event) => fail(event, words[event.detail.xhr.status] ?? "problem");

  // Never swap in a whole page. It means that the session ended, or that there's a problem.
  on("htmx:beforeSwap", (event) => {
    // A failed poll keeps what is shown, which polls again.
    if (isPoll(event) && (isHeld(event) || event.detail.xhr.status >= 400)) event.detail.shouldSwap = false;
    if (!/^\s*<!doctype html/i.test(event.detail.serverResponse)) return;
    event.detail.shouldSwap = false;
    if (event.detail.xhr.status < 400) location.reload();
    else failed(event);
  });
  on("htmx:responseError", failed);
  for (const name of ["htmx:timeout", "htmx:sendError"]) on(name, (event) => fail(event, "unheard"));

  // After a swap: set the tab's title, tell screen readers, and move focus to where reading continues.
  on("htmx:afterSettle", (event) => {
    const fresh = event.target;
    prepare(fresh);
    if (fresh.dataset.title) document.title = fresh.dataset.title;
    if (isPoll(event)) return fresh.dataset.say && say(fresh.dataset.say);
    const message = fresh.closest("[data-say]") ?? fresh.querySelector("[data-say]");
    if (message) say(message.dataset.say);
    if (document.activeElement === document.body) {
      fresh.querySelector("[autofocus], h1[tabindex], .day[tabindex]")?.focus();
    }
  });

  // The review page gets a history entry, so the Back button leads to the filled form. The server
  // renders that form, as for the button named `change`.
  const review = () => document.querySelector("[data-step=review]");
  const changes = () => review()?.querySelector("button[name=change]");
  let isGoingBack = false;
  let isLeaving = false;
  on("htmx:afterSwap", () => {
    if (review() && history.state?.step !== "review") history.pushState({ step: "review" }, "");
  });
  window.addEventListener("popstate", ({ state }) => {
    isLeaving = false;
    const form = byId("move")?.querySelector("form");
    if (state?.step === "review" ? !review() : review()) {
      isGoingBack = true;
      (changes() ?? form?.querySelector("button.go"))?.click();
      isGoingBack = false;
    }
  });

  // When someone comes back to a list, load as many rows as before and scroll to the same place.
  const kept = history.state ?? {};
  let loaded = 0;
  const lengthen = () => {
    const more = [...document.querySelectorAll("#activity .more a[hx-get]")].pop();
    if (more && loaded < (kept.loaded ?? 0)) return more.click();
    if (kept.y) scrollTo(0, kept.y);
    kept.loaded = kept.y = 0;
  };
  document.addEventListener("DOMContentLoaded", lengthen);
  on("htmx:afterSettle", ({ detail }) => {
    if (isPoll({ detail })) return;
    loaded = detail.requestConfig?.elt.closest("#activity .more") ? loaded + 1 : 0;
    if (loaded) {
      history.replaceState({ ...history.state, loaded }, "");
      lengthen();
    }
  });
  window.addEventListener("pagehide", () => {
    if (loaded) history.replaceState({ ...history.state, y: scrollY }, "");
  });

  on("click", (event) => {
    const button = event.target.closest("button");
    if (button && button === changes() && history.state?.step === "review" && !isGoingBack) {
      event.preventDefault();
      // The second click of a double click would leave the page.
      if (!isLeaving) history.back();
      isLeaving = true;
      return;
    }
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

  // Send a plain form once. Disable its buttons after the browser has read which one was clicked.
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

  // Refresh the balance when another tab shows a receipt, and when this tab becomes visible again.
  const refresh = () => window.htmx?.trigger(document.body, "balance-changed");
  const tabs = "BroadcastChannel" in window ? new BroadcastChannel("nissmart") : null;
  const news = document.querySelector("[data-announce]")?.dataset.announce;
  if (news) tabs?.postMessage(news);
  tabs?.addEventListener("message", ({ data }) => data === "balance-changed" && refresh());
  on("visibilitychange", () => document.hidden || refresh());
})();
