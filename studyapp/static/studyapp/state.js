// The line that says whether the answers are saved. Its words come with the page.

// So long a word stands before the page goes on to where the session is.
const TOLD_MS = 3000;

export function untilRead() {
  return new Promise((resolve) => setTimeout(resolve, TOLD_MS));
}

export function stateLine(element) {
  return (what, n) => {
    element.textContent = element.dataset[what].replace("{n}", n);
    element.dataset.now = what;
    element.toggleAttribute("data-trouble", what !== "saving" && what !== "saved");
  };
}
