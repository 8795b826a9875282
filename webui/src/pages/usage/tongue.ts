// uPlot asks Intl for the browser's language while it is read. A WebKit under LANG=C names one that there is
// not, and the page would not come: it is told English then. To be imported before it.
try {
  Intl.getCanonicalLocales(navigator.language)
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en-US', configurable: true })
}
