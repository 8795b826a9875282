// How the web UI is built (dist/, shipped in the wheel) and served while it is being worked on.
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'
import { said } from './scripts/said'

const studio = process.env.VLLM_STUDIO_DEV_BACKEND ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [svelte(), said()],
  build: {
    target: ['es2022', 'chrome123', 'firefox120', 'safari17.5'],
    outDir: 'dist',
    emptyOutDir: true,
    // A strict CSP allows no data: scripts or styles; files of their own cost nothing on loopback.
    assetsInlineLimit: 0,
    modulePreload: {
      polyfill: false,
      // A page that comes later names its styles only: on loopback its scripts are there at once, and
      // the list of what each of them needs would stand in the first load.
      // The quick switch is typed into at once, so it waits for nothing.
      resolveDependencies: (file, needs, { hostType }) =>
        hostType === 'html' || file.includes('Palette') ? needs : needs.filter((one) => one.endsWith('.css')),
    },
    rolldownOptions: { input: ['index.html', 'diagram.html'] },
  },
  worker: { format: 'es' },
  server: {
    host: '127.0.0.1',
    proxy: Object.fromEntries(
      ['/api', '/v1', '/health', '/metrics'].map((path) => [path, { target: studio }]),
    ),
  },
  // Runes that live (effects, subscribers) are tested as the browser runs them.
  resolve: process.env.VITEST ? { conditions: ['browser'] } : {},
  test: { include: ['src/**/*.test.ts'] },
})
