// SPDX-License-Identifier: Apache-2.0
// What pages do beyond links and forms. Without it they work too.
"use strict";

(() => {
  const every = 2000; // milliseconds between two questions how far a request is
  const slowest = 15000; // and at most, while there is no connection
  const $ = (id) => document.getElementById(id);

  // Times are shown as the person's own clock has them.
  for (const t of document.querySelectorAll("time[datetime]")) {
    const at = new Date(t.dateTime);
    if (!Number.isNaN(at.valueOf())) {
      const form = { dateStyle: "long", timeStyle: "short" };
      t.textContent = new Intl.DateTimeFormat(document.documentElement.lang, form).format(at);
    }
  }

  const copy = $("copy");
  if (copy && navigator.clipboard) {
    copy.hidden = false;
    copy.addEventListener("click", async () => {
      $("link").select();
      await navigator.clipboard.writeText($("link").value);
      $("copied").textContent = copy.dataset.done;
    });
  }

  // The code that only this device may see comes in the part of the address that no server sees.
  const given = $("given");
  if (given && "fragment" in given.dataset) {
    const code = new URLSearchParams(location.hash.slice(1)).get("confirmation_code") ?? "";
    if (/^[0-9A-Za-z-]{4,16}$/.test(code)) {
      given.textContent = /^[0-9]{8}$/.test(code) ? code.slice(0, 4) + " " + code.slice(4) : code;
      $("with-code").hidden = false;
      $("without-code").hidden = true;
    }
  }

  const state = $("state");
  if (!state) {
    return;
  }
  let shown = "";
  let wait = every;

  const show = (name) => {
    if (name !== shown) {
      shown = name;
      state.textContent = state.dataset[name];
      state.classList.toggle("busy", name === "pending" || name === "offline");
    }
  };

  const leave = (next) => {
    const to = new URL(next, location.href);
    if (to.protocol === "https:" || to.origin === location.origin) {
      location.assign(to.href);
    }
  };

  // ask returns whether there is more to come.
  const ask = async () => {
    const answer = await fetch(state.dataset.poll, { cache: "no-store", credentials: "same-origin", redirect: "error" });
    if (answer.status === 404 || answer.status === 410) {
      show("expired");
      return false;
    }
    if (!answer.ok) {
      throw new Error("not now");
    }
    const said = await answer.json();
    if (!["pending", "presented", "decided", "expired"].includes(said.state)) {
      throw new Error("not understood");
    }
    show(said.state);
    if (said.state === "decided" && typeof said.next === "string") {
      leave(said.next);
    }
    return said.state === "pending" || said.state === "presented";
  };

  const again = async () => {
    try {
      if (!(await ask())) {
        return;
      }
      wait = every;
    } catch {
      show("offline");
      wait = Math.min(2 * wait, slowest);
    }
    setTimeout(again, wait);
  };
  again();
})();
