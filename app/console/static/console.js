// Small comforts; every page works without it.
"use strict";
for (const field of document.querySelectorAll("input[readonly]")) {
  field.addEventListener("focus", () => field.select());
}

let isInUse = false; // something was filled in or sent: the page must not change under somebody's hands
document.addEventListener("input", () => { isInUse = true; });
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) event.preventDefault(); // a second click must not do it twice
  if (form.target === "_blank") return; // a page beside this one may be opened again
  form.dataset.sent = "yes";
  isInUse = true;
});

// On a phone the menu is wider than the page: the page that is open is named in it without scrolling.
document.querySelector(".menu [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// What is under way is shown as it is by now. The focus stays where it is: what would take its place away waits until it has moved.
const EVERY_MILLISECONDS = 5000;
const shown = document.querySelector("main[data-moving]");
const nameOf = (control) => [control.tagName, control.form?.action, control.name, control.value, control.href, control.textContent].join("\n");

async function showAsItIsNow() {
  const answer = await fetch(location.href).catch(() => null);
  if (isInUse || !answer?.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const now = page.querySelector("main");
  const focused = shown.contains(document.activeElement) && document.activeElement !== shown ? document.activeElement : null;
  const same = focused && [...now.querySelectorAll("a, button, input, select, summary")].find((one) => nameOf(one) === nameOf(focused));
  if (isInUse || (focused && !same)) return;
  shown.replaceChildren(...now.childNodes);
  same?.focus({ preventScroll: true });
  if (!now.hasAttribute("data-moving")) clearInterval(timer);
}

const timer = shown && setInterval(() => { if (!document.hidden && !isInUse) showAsItIsNow(); }, EVERY_MILLISECONDS);
