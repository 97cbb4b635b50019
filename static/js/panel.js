// Keyboard shortcuts of the panel. Links and buttons can do everything they do.
(() => {
  "use strict";
  const dialog = document.getElementById("keys");
  const onOff = document.getElementById("keys-on");
  if (!dialog?.showModal) return;

  // If the browser refuses to store the setting, it lasts as long as the page.
  const remembered = { get: () => { try { return localStorage.getItem("keys"); } catch { return null; } } };
  const remember = (value) => { try { localStorage.setItem("keys", value); } catch { /* as above */ } };
  onOff.checked = remembered.get() !== "off";
  onOff.addEventListener("change", () => remember(onOff.checked ? "on" : "off"));
  // Another tab may have switched them off.
  window.addEventListener("storage", ({ key, newValue }) => {
    if (key === "keys") onOff.checked = newValue !== "off";
  });

  const find = () => {
    const box = document.querySelector('input[aria-keyshortcuts="/"]');
    box?.focus();
    box?.select();
    return box;
  };

  // The current row is the one whose link has the focus, so Enter opens it without a script.
  const step = (by) => {
    const links = [...document.querySelectorAll(".records td.ref a")];
    const row = document.activeElement?.closest(".records tr");
    const now = links.findIndex((link) => link.closest("tr") === row);
    const next = now < 0 ? links[by > 0 ? 0 : links.length - 1] : links[now + by];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
    return next;
  };

  // When someone comes back to a list, focus the row they left.
  document.getElementById(history.state?.row ?? "")?.focus();
  document.addEventListener("focusin", ({ target }) => {
    if (target.matches(".records td.ref a")) history.replaceState({ ...history.state, row: target.id }, "");
  });

  // In a reconciliation: tick the row that has the focus, and match what is ticked.
  const tick = () => {
    // Only from its link: Space on a button presses that.
    const link = document.activeElement?.closest("[data-adds-up] td.ref a");
    const box = link?.closest("tr").querySelector("[data-cents]");
    box?.click();
    return box;
  };
  const match = () => {
    const ticked = document.querySelector("[data-adds-up] [data-cents]:checked");
    ticked?.form.requestSubmit();
    return ticked;
  };

  const keys = {
    "/": find,
    " ": tick,
    m: match,
    j: () => step(1),
    k: () => step(-1),
    "?": () => { dialog.showModal(); return true; },
  };

  const isTyping = (element) => element.closest?.("input, select, textarea, [contenteditable]");
  document.addEventListener("keydown", (event) => {
    if (!onOff.checked || event.defaultPrevented || event.isComposing) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
    if (Object.hasOwn(keys, event.key) && keys[event.key]()) event.preventDefault();
  });

  document.addEventListener("click", ({ target }) => {
    if (target.closest("[data-keys]")) dialog.showModal();
    // Close a menu on a click elsewhere.
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", ({ key, target }) => {
    const menu = key === "Escape" && target.closest?.("details.menu[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  // A click anywhere in a row opens it, as its link does. With Ctrl or Cmd, in a new tab.
  document.addEventListener("click", (event) => {
    const { target } = event;
    const row = target.closest(".records tbody tr, .feed > li");
    const link = row?.querySelector("td.ref a, a.what, a.person");
    if (!link || event.defaultPrevented || target.closest("a, button, input, label, select, summary")) return;
    // Someone who selects text doesn't want to leave.
    if (getSelection()?.toString()) return;
    if (event.ctrlKey || event.metaKey) window.open(link.href, "_blank", "noopener");
    else link.click();
  });

  // When the feed stops answering, hide "live" and show since when, until it answers again.
  let heard = new Date();
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    const isHeard = detail.xhr.status >= 200 && detail.xhr.status < 400;
    if (isHeard) heard = new Date();
    const lost = document.getElementById("news-lost");
    if (!lost || detail.requestConfig.elt.id !== "news") return;
    for (const live of document.querySelectorAll("#news .live")) live.hidden = !isHeard;
    if (lost.hidden === isHeard) return;
    lost.hidden = isHeard;
    if (isHeard) return;
    lost.querySelector("[data-since]").textContent = heard.toLocaleTimeString("en-GB", { timeZone: lost.dataset.zone });
    document.getElementById("live").textContent = lost.textContent;
  });

  // What is ticked on both sides of a reconciliation, added up.
  const signed = (cents) => (cents < 0 ? "\u2212" : "+") + (Math.abs(cents) / 100).toLocaleString("en-KE", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const addUp = () => {
    const shown = document.querySelector("[data-sum]");
    if (!shown) return;
    const sums = { lines: 0, entries: 0 };
    const ticked = document.querySelectorAll("[data-adds-up] [data-cents]:checked");
    for (const box of ticked) sums[box.dataset.side] += Number(box.dataset.cents);
    shown.hidden = !ticked.length;
    shown.querySelector("[data-lines]").textContent = signed(sums.lines);
    shown.querySelector("[data-entries]").textContent = signed(sums.entries);
    shown.querySelector("[data-rest]").textContent = signed(sums.lines - sums.entries);
  };
  document.addEventListener("change", ({ target }) => { if (target.matches("[data-adds-up] [data-cents]")) addUp(); });
  addUp();
})();
