// Built by the window's own Vite: node webui/node_modules/vite/bin/vite.js build --config …
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

export default {
  root: dirname(fileURLToPath(import.meta.url)),
  build: { outDir: 'dist', emptyOutDir: true, chunkSizeWarningLimit: 5000 },
  logLevel: 'error',
}
