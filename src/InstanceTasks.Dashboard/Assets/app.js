// Loaded in the head, before the first paint: colours, copying, times that go on, and the way back after a lost connection.
(() => {
  "use strict";
  const root = document.documentElement;
  const store = { get: () => { try { return localStorage.getItem("theme"); } catch { return null; } }, set: v => { try { localStorage.setItem("theme", v); } catch { /* private window */ } } };
  const apply = theme => { if (theme === "light" || theme === "dark") root.dataset.theme = theme; else delete root.dataset.theme; };
  apply(store.get());

  const say = (button, text) => {
    button.dataset.said = text;
    setTimeout(() => delete button.dataset.said, 1200);
  };

  document.addEventListener("click", async e => {
    const copy = e.target.closest("[data-copy]");
    if (copy) {
      e.preventDefault();
      try { await navigator.clipboard.writeText(copy.dataset.copy); say(copy, "copied"); } catch { say(copy, "not allowed"); }
      return;
    }
    if (e.target.closest("[data-theme-switch]")) {
      const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      const next = dark ? "light" : "dark";
      store.set(next);
      apply(next);
    }
    const link = e.target.closest("a.skip");
    if (link) { e.preventDefault(); document.getElementById("main")?.focus(); }
  });

  const coarse = s => s < 60 ? `${Math.floor(s)} s` : s < 3600 ? `${Math.floor(s / 60)} min` : s < 86400 ? `${Math.floor(s / 3600)} h` : `${Math.floor(s / 86400)} d`;
  const two = n => String(n).padStart(2, "0");
  const span = s => s < 1 ? `${Math.round(s * 1000)} ms` : s < 10 ? `${(Math.floor(s * 10) / 10).toFixed(1)} s` : s < 60 ? `${Math.floor(s)} s`
    : s < 3600 ? `${Math.floor(s / 60)} min ${two(Math.floor(s % 60))} s` : s < 86400 ? `${Math.floor(s / 3600)} h ${two(Math.floor(s / 60) % 60)} min` : `${Math.floor(s / 86400)} d ${Math.floor(s / 3600) % 24} h`;
  const write = (element, text) => { const node = element.firstChild; if (node && node.data !== text) node.data = text; };
  // On a phone the navigation is wider than the screen: where one is stays in sight.
  let here = null;
  const followNavigation = () => {
    const link = document.querySelector(".top nav a.active");
    if (!link || link === here) return;
    here = link;
    const nav = link.parentElement;
    nav.scrollLeft = link.offsetLeft - nav.offsetLeft - (nav.clientWidth - link.offsetWidth) / 2;
  };
  setInterval(() => {
    followNavigation();
    const now = Date.now();
    for (const t of document.querySelectorAll("time[data-ago]")) {
      const s = (now - Date.parse(t.dateTime)) / 1000;
      write(t, Math.abs(s) < 1 ? "now" : s < 0 ? `in ${coarse(-s)}` : `${coarse(s)} ago`);
    }
    for (const t of document.querySelectorAll("time[data-since]")) write(t, span(Math.max(0, (now - Date.parse(t.dateTime)) / 1000)));
  }, 1000);

  document.addEventListener("DOMContentLoaded", () => {
    followNavigation();
    if (!window.Blazor) return;
    const banner = document.getElementById("connection");
    let trying = false;
    const wait = ms => new Promise(done => setTimeout(done, ms));
    // A process that was started again does not know this page: then it is loaded anew.
    const comeBack = async () => {
      if (trying) return;
      trying = true;
      banner.hidden = false;
      for (let pause = 300; ; pause = Math.min(pause * 1.5, 4000)) {
        await wait(pause);
        try {
          const answer = await fetch(new URL("session", document.baseURI), { cache: "no-store" });
          // The session has ended meanwhile: no trying helps, but signing in does.
          if (answer.status === 401) {
            const here = location.pathname.slice(new URL(document.baseURI).pathname.length - 1) + location.search;
            location.assign(new URL(`sign-in?again=true&back=${encodeURIComponent(here)}`, document.baseURI));
            return;
          }
          if (!answer.ok) continue;
          if (!await Blazor.reconnect()) location.reload();
          return;
        } catch { /* not there yet */ }
      }
    };
    Blazor.start({
      circuit: {
        reconnectionHandler: {
          onConnectionDown: () => { comeBack(); },
          onConnectionUp: () => { trying = false; banner.hidden = true; },
        },
      },
    });
  });
})();
