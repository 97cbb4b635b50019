// Passkeys. A form with data-passkey ("add" or "use") asks the device for one and posts the answer
// in its field `credential`. Its options are in data-options, or come from its own URL.
(() => {
  "use strict";
  const { PublicKeyCredential: passkeys } = window;
  const isAble = Boolean(passkeys?.parseCreationOptionsFromJSON && passkeys.parseRequestOptionsFromJSON);

  const optionsOf = async (form) => {
    if (form.dataset.options) return JSON.parse(form.dataset.options);
    const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    return (await answer.json()).request_options;
  };

  const ask = async (form) => {
    const { publicKey } = await optionsOf(form);
    if (form.dataset.passkey === "add") {
      return navigator.credentials.create({ publicKey: passkeys.parseCreationOptionsFromJSON(publicKey) });
    }
    return navigator.credentials.get({ publicKey: passkeys.parseRequestOptionsFromJSON(publicKey) });
  };

  const submit = async (event) => {
    const form = event.target;
    event.preventDefault();
    const problem = form.querySelector("[data-problem]");
    const button = form.querySelector("[data-able]");
    problem.hidden = true;
    button.disabled = true;
    try {
      form.elements.credential.value = JSON.stringify((await ask(form)).toJSON());
      form.submit();
    } catch {
      // Cancelled, timed out, or no passkey for this site on this device.
      problem.hidden = false;
      button.disabled = false;
    }
  };

  const prepare = (root) => {
    for (const element of root.querySelectorAll("[data-able]")) element.hidden = !isAble;
    for (const element of root.querySelectorAll("[data-unable]")) element.hidden = isAble;
  };
  prepare(document);
  document.addEventListener("htmx:afterSettle", ({ target }) => prepare(target));
  document.addEventListener("submit", (event) => {
    if (isAble && event.target.matches("form[data-passkey]")) submit(event);
  });
})();
