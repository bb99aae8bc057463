// Small comforts; every page works without it.
"use strict";
for (const field of document.querySelectorAll("input[readonly]")) {
  field.addEventListener("focus", () => field.select());
}
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault(); // a second click must not do it twice
    if (form.target !== "_blank") form.dataset.sent = "yes"; // a page beside this one may be opened again
  });
}
// On a phone the menu is wider than the page: the page that is open is named in it without scrolling.
document.querySelector(".menu [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
