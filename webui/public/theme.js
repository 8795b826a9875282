// Runs before the first paint, as a file of its own so that the page's CSP needs no inline script.
;(function () {
  try {
    var root = document.documentElement
    var theme = localStorage.getItem('studio.theme')
    if (theme === 'dark' || theme === 'light') root.dataset.theme = theme
    if (localStorage.getItem('studio.density') === 'dense') root.dataset.density = 'dense'
  } catch (e) {
    // Storage is switched off: the system's theme is used, and rows have their usual height.
  }
})()
