// The few things a page does without asking the server: light and dark, and the keys that focus or open something.
(() => {
  const saved = document.cookie.match(/(?:^|; )meshery_theme=(dark|light)/);
  const system = window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  document.documentElement.dataset.theme = saved ? saved[1] : system;
  document.documentElement.lang = "en";

  window.mesheryTheme = () => {
    const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    Quasar.Dark.set(next === "dark");
    document.cookie = `meshery_theme=${next}; path=/; max-age=31536000; samesite=strict`;
  };

  // What an address points at is drawn after the browser has looked for it.
  let place = location.hash.slice(1);
  try { place = decodeURIComponent(place); } catch { /* such as "#100%": taken as it is */ }
  if (place) {
    let looks = 0;
    const seek = setInterval(() => {
      const found = document.getElementById(place);
      found?.scrollIntoView();
      if (found || ++looks > 50) clearInterval(seek);
    }, 100);
  }

  const press = (id) => document.getElementById(id)?.click();
  const keys = {
    "/": () => document.getElementById("search")?.focus(),
    "?": () => press("keys-open"),
    n: () => press("notices-open"),
    t: () => window.mesheryTheme(),
  };
  document.addEventListener("keydown", (event) => {
    const at = event.target;
    const writing = at.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(at.tagName);
    if (writing || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
})();
