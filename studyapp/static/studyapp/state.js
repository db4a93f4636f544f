// The line that says whether the answers are saved. Its words come with the page.

export function stateLine(element) {
  return (what, n) => {
    element.textContent = element.dataset[what].replace("{n}", n);
    element.dataset.now = what;
    element.toggleAttribute("data-trouble", what !== "saving" && what !== "saved");
  };
}
