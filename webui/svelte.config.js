// Svelte's own settings: runes everywhere, so that one reactivity model is in use.
export default { compilerOptions: { runes: true } }
