// Light or dark: as the system says, or as the viewer chose. A classic script in
// the head, so that the first picture is in the right colours already.
"use strict";

(() => {
  const key = "sluice.theme";
  const choices = ["system", "light", "dark"];

  // A browser may forbid storage; the choice then lasts as long as the page.
  function stored() {
    try {
      const value = localStorage.getItem(key);
      return choices.includes(value) ? value : "system";
    } catch {
      return "system";
    }
  }

  let choice = stored();

  function apply() {
    if (choice === "system")
      delete document.documentElement.dataset.theme;
    else
      document.documentElement.dataset.theme = choice;
    document.dispatchEvent(new Event("theme"));
  }

  apply();
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const say = () => { button.textContent = `Theme: ${choice}`; };
    say();
    button.addEventListener("click", () => {
      choice = choices[(choices.indexOf(choice) + 1) % choices.length];
      try {
        localStorage.setItem(key, choice);
      } catch { /* not kept */ }
      apply();
      say();
    });
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);
})();
