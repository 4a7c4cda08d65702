// What a page can do with a script: light or dark as the reader chooses, and pages kept for reading without a network.
{
  const root = document.documentElement;
  const device = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : device.matches);
  // Where a browser keeps nothing, the choice lasts as long as the page.
  const storedTheme = (choice) => {
    try {
      return choice ? localStorage.setItem("theme", choice) : localStorage.getItem("theme");
    } catch {
      return null;
    }
  };
  const chosen = storedTheme();
  if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;

  const button = document.querySelector(".colours");
  if (button) {
    const showState = () => button.setAttribute("aria-pressed", isDark());
    button.hidden = false;
    button.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      storedTheme(root.dataset.theme);
      showState();
    });
    device.addEventListener("change", showState);
    showState();
  }

  // The menu at the side shows where the reader is; the page itself stays where it is.
  const here = document.querySelector(".menu [aria-current]");
  if (here) here.closest("nav").scrollTop = here.offsetTop - innerHeight / 2;

  // A menu that is open covers the page: it shuts when the reader presses Escape or goes elsewhere.
  for (const menu of document.querySelectorAll("details.menu, details.outline")) {
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.open) return;
      menu.open = false;
      menu.querySelector("summary").focus();
    });
    menu.addEventListener("click", (event) => {
      if (event.target.closest("a")) menu.open = false;
    });
  }

  // The countries of the first page: a field shows those with what is typed in their name; Enter opens the first.
  const finder = document.querySelector(".finder");
  if (finder) {
    const fold = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
    const field = document.createElement("input");
    field.type = "search";
    field.autocomplete = "off";
    field.setAttribute("aria-label", finder.querySelector("p").textContent);
    finder.querySelector("p").after(field);
    field.addEventListener("input", () => {
      const typed = fold(field.value.trim());
      for (const letter of finder.querySelectorAll("details")) {
        const items = [...letter.querySelectorAll("li")];
        for (const item of items) item.hidden = !fold(item.textContent).includes(typed);
        letter.hidden = items.every((item) => item.hidden);
        letter.open = typed !== "" && !letter.hidden;
      }
    });
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && field.value) finder.querySelector("li:not([hidden]) a")?.click();
    });
  }

  if ("serviceWorker" in navigator && location.protocol !== "file:") {
    addEventListener("load", () => {
      navigator.serviceWorker.register(`${root.dataset.content_root}sw.js`).catch(() => {});
      // What a phone needs to keep the book as an app: asked for when the page is there.
      const manifest = document.createElement("link");
      manifest.rel = "manifest";
      manifest.href = `${root.dataset.content_root}manifest.webmanifest`;
      document.head.append(manifest);
    });
  }
}
