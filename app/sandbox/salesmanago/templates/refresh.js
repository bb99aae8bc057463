// Replaces the live parts of the page every few seconds. Forms outside of them keep what was typed,
// and a part in which somebody holds the focus or a selection waits for its next turn.
(() => {
  const pulse = document.getElementById("pulse");
  const busy = (part) => {
    const selection = document.getSelection();
    return part.contains(document.activeElement)
      || (selection && !selection.isCollapsed && part.contains(selection.anchorNode));
  };
  const refresh = async () => {
    if (!document.hidden) {
      try {
        const answer = await fetch(location.href, { cache: "no-store" });
        if (!answer.ok) throw new Error(answer.statusText);
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const part of document.querySelectorAll("[data-live]")) {
          const next = fresh.getElementById(part.id);
          if (next && !busy(part) && next.innerHTML !== part.innerHTML) part.innerHTML = next.innerHTML;
        }
        pulse.textContent = "live";
        pulse.classList.remove("lost");
      } catch {
        pulse.textContent = "not reachable";
        pulse.classList.add("lost");
      }
    }
    setTimeout(refresh, 3000);
  };
  setTimeout(refresh, 3000);
})();
