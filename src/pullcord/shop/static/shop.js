// The pages work without this. With it, choices change the page in place, an order's page moves by itself, and a
// form is sent once.
(function () {
  "use strict";
  document.documentElement.classList.add("js");
  var asked = 0;

  function swap(id, text) {
    var fresh = new DOMParser().parseFromString(text, "text/html").getElementById(id);
    var old = document.getElementById(id);
    if (!fresh || !old) { return false; }
    var focused = document.activeElement && document.activeElement.id;
    var open = Array.prototype.map.call(old.querySelectorAll("details[open][id]"), function (d) { return d.id; });
    old.replaceWith(document.adoptNode(fresh));
    open.forEach(function (name) { var d = document.getElementById(name); if (d) { d.open = true; } });
    var again = focused && document.getElementById(focused);
    if (again && again !== document.activeElement) { again.focus({ preventScroll: true }); }
    var say = document.querySelector("[data-say]"), said = document.getElementById("said");
    if (say && said) { said.textContent = say.textContent; }  // told to those who do not see the page change
    return true;
  }

  function load(address, id, remember) {
    var turn = ++asked;
    var box = document.getElementById(id);
    if (box) { box.classList.add("busy"); }
    return fetch(address, { credentials: "same-origin", headers: { accept: "text/html" } }).then(function (answer) {
      if (!answer.ok || answer.redirected) { throw new Error(String(answer.status)); }
      return answer.text();
    }).then(function (text) {
      if (turn !== asked) { return; }
      if (!swap(id, text)) { throw new Error("no " + id); }
      if (remember) { history.replaceState(null, "", address); languageLink(text); }
    }).catch(function () {
      if (turn === asked && remember) { location.assign(address); }
      else if (box) { box.classList.remove("busy"); }
    });
  }

  function languageLink(text) {
    var fresh = new DOMParser().parseFromString(text, "text/html").querySelector(".language");
    var old = document.querySelector(".language");
    if (fresh && old) { old.setAttribute("href", fresh.getAttribute("href")); }
  }

  function addressOf(form) {
    return form.getAttribute("action") + "?" + new URLSearchParams(new FormData(form)).toString();
  }

  document.addEventListener("change", function (event) {
    var form = event.target.form;
    if (form && form.dataset.update && form.checkValidity()) { load(addressOf(form), form.dataset.update, true); }
  });
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.dataset.update) {
      event.preventDefault();
      load(addressOf(form), form.dataset.update, true);
    } else if ("once" in form.dataset) {
      if (form.dataset.sent) { event.preventDefault(); return; }
      form.dataset.sent = "yes";
      form.querySelectorAll("button").forEach(function (b) { b.setAttribute("aria-disabled", "true"); });
    }
  });
  document.addEventListener("click", function (event) {
    var link = event.target.closest && event.target.closest("a[data-update]");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) { return; }
    event.preventDefault();
    load(link.getAttribute("href"), link.dataset.update, true);
  });
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-sent]").forEach(function (form) {
      delete form.dataset.sent;
      form.querySelectorAll("button").forEach(function (b) { b.removeAttribute("aria-disabled"); });
    });
  });

  var followed = document.querySelector("[data-follow]");
  if (followed && window.EventSource) {
    var source = new EventSource(followed.dataset.follow);
    source.addEventListener("changed", function () { load(location.pathname, followed.id, false); });
    window.addEventListener("pagehide", function () { source.close(); });
  }
  var faults = document.getElementById("faults");
  if (faults) { faults.focus(); }
})();
