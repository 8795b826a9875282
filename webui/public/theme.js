// Runs before the first paint, as a file of its own so that the page's CSP needs no inline script.
;(function () {
  try {
    var theme = localStorage.getItem('studio.theme')
    if (theme === 'dark' || theme === 'light') document.documentElement.dataset.theme = theme
  } catch (e) {
    // Storage is switched off: the system's theme is used.
  }
})()
