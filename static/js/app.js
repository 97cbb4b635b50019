// Improvements that HTML and htmx can't make alone. Every page works without this file.
(() => {
  "use strict";
  const byId = (id) => document.getElementById(id);
  const word = (name) => byId("words")?.content.querySelector(`[data-word="${name}"]`);
  const say = (text) => { byId("live").textContent = text; };
  const warn = (name) => byId("alert").replaceChildren(...(word(name)?.cloneNode(true).childNodes ?? []));
  const isPoll = ({ detail }) => (detail.requestConfig?.elt ?? detail.elt).hasAttribute("data-poll");
  // A list doesn't refresh while the pointer or the focus is in it.
  const HELD = "[data-hold]:is(:hover, :focus-within)";
  const isHeld = ({ detail }) => (detail.requestConfig?.elt ?? detail.elt).matches(HELD);
  const on = (name, handler) => document.addEventListener(name, handler);

  // Controls that need JavaScript start hidden.
  const prepare = (root) => {
    for (const element of root.querySelectorAll("[data-js]")) {
      element.hidden = ("copy" in element.dataset && !navigator.clipboard)
        || ("share" in element.dataset && !navigator.share && !navigator.clipboard);
    }
  };
  prepare(document);

  // It only shows a page that says so while there is no connection.
  navigator.serviceWorker?.register("/sw.js").catch(() => {});

  // A page that keeps itself current doesn't keep its member signed in.
  on("htmx:configRequest", (event) => { if (isPoll(event)) event.detail.headers["X-Background"] = "1"; });
  on("htmx:beforeRequest", (event) => {
    if (isPoll(event)) return (document.hidden || isHeld(event)) && event.preventDefault();
    byId("alert").replaceChildren();
    // A message about the last request doesn't apply to the next one.
    if (event.detail.requestConfig.verb === "post") document.querySelector(".messages")?.remove();
    event.detail.target.setAttribute("aria-busy", "true");
  });
  on("htmx:afterRequest", ({ detail }) => detail.target?.removeAttribute("aria-busy"));
  // The same rule for a list swapped in out of band. The next answer brings it again.
  on("htmx:oobBeforeSwap", ({ target, detail }) => { detail.shouldSwap &&= !target.matches(HELD); });

  // Show an error for an answer that can't be swapped in. If the answer to an order is lost, the
  // order may have gone through: hide "Nothing has moved yet" and say that a second press is safe.
  const fail = (event, name) => {
    if (isPoll(event)) return;
    const { target, requestConfig, xhr } = event.detail;
    const isRefused = [401, 403, 429].includes(xhr?.status);
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
  const words = { 401: "signed-out", 403: "stale", 429: "slow" };
  const failed = (event) => fail(event, words[event.detail.xhr.status] ?? "problem");

  // Never swap a whole page into this one. It means that the member is signed out, or an error.
  on("htmx:beforeSwap", (event) => {
    // If a poll fails, keep the old content. It polls again.
    if (isPoll(event) && (isHeld(event) || event.detail.xhr.status >= 400)) event.detail.shouldSwap = false;
    if (!/^\s*<!doctype html/i.test(event.detail.serverResponse)) return;
    event.detail.shouldSwap = false;
    if (event.detail.xhr.status < 400) location.reload();
    else failed(event);
  });
  on("htmx:responseError", failed);
  for (const name of ["htmx:timeout", "htmx:sendError"]) on(name, (event) => fail(event, "unheard"));

  // After a swap: set the tab's title, announce to screen readers, and move the focus.
  on("htmx:afterSettle", (event) => {
    const fresh = event.target;
    prepare(fresh);
    if (fresh.dataset.title) document.title = fresh.dataset.title;
    if (isPoll(event)) return fresh.dataset.say && say(fresh.dataset.say);
    const message = fresh.closest("[data-say]") ?? fresh.querySelector("[data-say]");
    if (message) say(message.dataset.say);
    if (document.activeElement === document.body) {
      fresh.querySelector("[autofocus], h1[tabindex], .month-head [tabindex], .day[tabindex]")?.focus();
    }
  });

  // The Back button leads from the review to the filled form. The server renders that form, as it
  // does for "Edit".
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

  // `dialog.sheet` opens when htmx has filled it, and closes when its form was sent. It's empty while
  // closed, so that no id is on the page twice.
  on("htmx:afterSwap", ({ detail }) => { if (detail.target.matches("dialog.sheet:not([open])")) detail.target.showModal(); });
  on("htmx:afterRequest", ({ detail }) => { if (!isPoll({ detail })) detail.elt.closest("dialog.sheet")?.close(); });
  document.addEventListener("close", ({ target }) => { if (target.matches("dialog.sheet")) target.replaceChildren(); }, true);

  // Going back or forward while a page loads changes its address, but no script hears of it. Then the
  // page isn't the one of its address: load that one. htmx changes the address too, with the page.
  const address = (url) => url.split("#")[0];
  const navigation = performance.getEntriesByType("navigation")[0];
  let shown = navigation && !navigation.redirectCount ? address(navigation.name) : null;
  for (const name of ["htmx:pushedIntoHistory", "htmx:replacedInHistory"]) {
    on(name, () => { shown &&= address(location.href); });
  }
  window.addEventListener("load", () => {
    if (shown && shown !== address(location.href)) location.reload();
  });

  // Going back to a list restores its length and scroll position.
  const saved = history.state ?? {};
  let loaded = 0;
  const lengthen = () => {
    const more = [...document.querySelectorAll("#activity .more a[hx-get]")].pop();
    if (more && loaded < (saved.loaded ?? 0)) return more.click();
    if (saved.y) scrollTo(0, saved.y);
    saved.loaded = saved.y = 0;
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

  const copyText = (button, text) => navigator.clipboard.writeText(text).then(() => {
    button.lastElementChild.textContent = word("copied").textContent;
    say(word("copied").textContent);
  });
  on("click", (event) => {
    const button = event.target.closest("button");
    if (button && button === changes() && history.state?.step === "review" && !isGoingBack) {
      event.preventDefault();
      // A second click of the same double click would leave the page.
      if (!isLeaving) history.back();
      isLeaving = true;
      return;
    }
    const { amount, copy, share, show, text } = button?.dataset ?? {};
    if (amount) {
      button.form.elements.amount.value = amount;
      button.form.elements.amount.focus();
    } else if (copy) {
      copyText(button, copy);
    } else if (share && navigator.share) {
      // It rejects if the person closes the sheet.
      navigator.share({ text, url: share }).catch(() => {});
    } else if (share) {
      copyText(button, `${text} ${share}`);
    } else if (show) {
      const before = button.textContent;
      byId(show).type = byId(show).type === "password" ? "text" : "password";
      button.textContent = button.dataset.otherWord;
      button.dataset.otherWord = before;
    } else if (button && "close" in button.dataset) {
      button.closest("dialog").close();
    } else if (button && "print" in button.dataset) {
      window.print();
    }
  });

  // Send a plain form once. Disable its buttons only after the browser has read the clicked one.
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

  // After a receipt, tabs in the background show an old balance. Refresh them, and any tab that
  // becomes visible again.
  const refresh = () => window.htmx?.trigger(document.body, "balance-changed");
  const tabs = "BroadcastChannel" in window ? new BroadcastChannel("nissmart") : null;
  const news = document.querySelector("[data-announce]")?.dataset.announce;
  if (news) tabs?.postMessage(news);
  tabs?.addEventListener("message", ({ data }) => data === "balance-changed" && refresh());
  on("visibilitychange", () => document.hidden || refresh());
})();
