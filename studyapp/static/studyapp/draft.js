// What was typed into a page of questions is there again after a reload, in this tab alone, until another step of the
// session shows that it was received.

// Around the form: a question may have any name, and a field's name takes the place of what the form itself has under it.
const page = document.querySelector("[data-draft]");
const form = page.querySelector("form");
const key = `quiddity.draft:${page.dataset.draft}:${page.dataset.place}`;

// Answers that came back with the page, to be mended, are newer than any draft.
if (!page.hasAttribute("data-answered")) restore();
page.addEventListener("input", keep);

function keep() {
  const entered = [...new FormData(form)].filter(([name]) => name !== "csrfmiddlewaretoken");
  try {
    sessionStorage.setItem(key, JSON.stringify(entered));
  } catch {
    // Storage is blocked or full: a reload then loses what was typed.
  }
}

function restore() {
  const entered = new Map(stored());
  for (const field of page.querySelectorAll("input:not([type=hidden]), textarea")) {
    if (!entered.has(field.name)) continue;
    if (field.type === "radio") field.checked = field.value === entered.get(field.name);
    else field.value = entered.get(field.name);
  }
}

function stored() {
  try {
    return JSON.parse(sessionStorage.getItem(key)) ?? [];
  } catch {
    return [];
  }
}
