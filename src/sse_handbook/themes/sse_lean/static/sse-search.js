// Search in the whole book. Sphinx's index is asked for once somebody searches, as a script: so it works from a file.
{
  const form = document.querySelector("form[data-index]");
  const field = form.q;
  const said = document.getElementById("search-said");
  const found = document.getElementById("search-found");
  // Without accents, so that "Cote" finds "Côte"; the marks of other scripts stay.
  const fold = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").normalize("NFC").toLowerCase();
  const words = (text) => fold(text).match(/[\p{L}\p{M}\p{N}_]+/gu) || [];
  let asked = null; // the index, on its way or here
  let failed = 0;

  const load = () =>
    (asked ||= new Promise((resolve, reject) => {
      window.Search = {
        setIndex: (index) => resolve({ ...index, once: index.once.map(fold), often: fold(index.often) }),
      };
      const script = document.createElement("script");
      // After a failure it is asked for by another address: a browser may keep the bad answer.
      script.src = form.dataset.index + (failed ? `?${failed}` : "");
      script.onerror = () => {
        asked = null;
        failed += 1;
        reject();
      };
      document.head.append(script);
    }));

  // How well a word of the index answers a word that was typed; 0 for not at all. An ending may differ: in "policies",
  // "polic" is looked for too.
  const fit = (word, typed) => {
    if (word === typed) return 8;
    if (word.startsWith(typed)) return 4;
    const stem = typed.slice(0, Math.max(4, typed.length - 3));
    return typed.length > 4 && word.startsWith(stem) && word.length < typed.length + 3 ? 2 : 0;
  };

  // The pages of a word that several have, from the distance between one and the next: see `lean.words`.
  const pagesOf = (letters) => {
    const pages = [];
    let at = 0;
    for (const letter of letters) {
      at += letter.charCodeAt(0) - 97;
      if (letter !== "z") pages.push(at++);
    }
    return pages;
  };

  // For each page that has a word that was typed: how well it answers.
  const pagesWith = (index, typed) => {
    const scores = new Map();
    const give = (page, score) => scores.set(page, Math.max(scores.get(page) || 0, score));
    index.once.forEach((text, page) => {
      for (const word of text.split(" ")) if (fit(word, typed)) give(page, fit(word, typed));
    });
    index.often.split(" ").forEach((word, place, all) => {
      const score = place % 2 ? 0 : fit(word, typed);
      if (score) for (const page of pagesOf(all[place + 1])) give(page, score);
    });
    // A word in a heading counts twice, in the title four times.
    for (const [name, page] of index.places) {
      for (const word of words(name)) if (fit(word, typed)) give(page, 2 * fit(word, typed));
    }
    index.titles.forEach((title, page) => {
      for (const word of words(title)) if (fit(word, typed)) give(page, 4 * fit(word, typed));
    });
    return scores;
  };

  const address = (name) => {
    const { root, suffix } = form.dataset;
    return root + (suffix === "/" ? `${name}/`.replace(/(^|\/)index\/$/, "$1") : name + suffix);
  };

  const link = (href, text) => {
    const made = document.createElement("a");
    made.href = href;
    made.textContent = text;
    return made;
  };

  const show = (index, typed) => {
    const counted = typed.map((word) => [word, pagesWith(index, word)]);
    // Sphinx leaves "how" and "with" out of the index: what is short and found nowhere does not count.
    const some = counted.filter(([word, pages]) => pages.size || word.length > 4);
    const each = (some.length ? some : counted).map(([, pages]) => pages);
    const scores = [...each[0].keys()]
      .filter((page) => each.every((one) => one.has(page)))
      .map((page) => [page, each.reduce((sum, one) => sum + one.get(page), 0)])
      .sort((one, other) => other[1] - one[1] || one[0] - other[0]);
    // Headings and words of the glossary that have all that was typed lead to their place on the page.
    const places = new Map(scores.map(([page]) => [page, new Map()]));
    for (const [name, page, anchor] of index.places) {
      const has = words(name);
      if (typed.every((word) => has.some((one) => fit(one, word)))) places.get(page)?.set(anchor, name);
    }
    for (const [page] of scores) {
      const item = document.createElement("li");
      const here = address(index.pages[page]);
      item.append(link(here, index.titles[page]));
      const parts = [...places.get(page)].filter(([, name]) => name !== index.titles[page]);
      if (parts.length) {
        const list = document.createElement("ul");
        for (const [anchor, name] of parts.slice(0, 8)) {
          list.appendChild(document.createElement("li")).append(link(`${here}#${anchor}`, name));
        }
        item.append(list);
      }
      found.append(item);
    }
    const { none, one, many } = said.dataset;
    said.textContent = scores.length ? (scores.length > 1 ? many : one).replace("%s", scores.length) : none;
  };

  const search = async () => {
    const typed = words(field.value);
    found.replaceChildren();
    said.textContent = "";
    if (!typed.length) return;
    said.textContent = said.dataset.wait;
    try {
      show(await load(), typed);
    } catch {
      said.textContent = said.dataset.failed;
    }
  };

  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    history.replaceState(null, "", `?q=${encodeURIComponent(field.value)}`);
    search();
  });
  field.value = new URLSearchParams(location.search).get("q") || "";
  if (field.value) search();
}
