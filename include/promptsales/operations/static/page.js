// Airflow shows this page in a sandboxed frame of its own origin. Two things do not pass such a frame by themselves: the
// theme that was chosen in Airflow, and links that leave it.
"use strict";

const outer = window.parent === window ? null : window.parent.document;

if (outer) {
  const follow = () => {
    const chosen = ["dark", "light"].find((theme) => outer.documentElement.classList.contains(theme));
    document.documentElement.dataset.theme = chosen || "";
  };
  follow();
  new MutationObserver(follow).observe(outer.documentElement, { attributeFilter: ["class"] });

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-airflow]");
    if (!link) return;
    event.preventDefault();
    const copy = outer.createElement("a");
    copy.href = link.href;
    copy.target = event.ctrlKey || event.metaKey ? "_blank" : "_self";
    copy.rel = "noopener";
    outer.body.append(copy);
    copy.click();
    copy.remove();
  });
}

// The page reads itself again every minute, unless someone is in the middle of it.
setInterval(() => {
  const busy = document.hidden || document.querySelector("details[open]") || document.activeElement !== document.body;
  if (!busy && !getSelection().toString()) location.reload();
}, 60000);
