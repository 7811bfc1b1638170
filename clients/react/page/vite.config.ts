// The page at /: built into dist/page and served by the gateway.
//   npx vite build --config clients/react/page/vite.config.ts
//   npx vite --config clients/react/page/vite.config.ts          hot reload, with a gateway on port 8090

import react from '@vitejs/plugin-react'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const gateway = process.env.FRAMEGATE ?? 'http://127.0.0.1:8090'
const folder = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  root: folder('.'),
  base: './', // Works under any sub-path of a reverse proxy.
  plugins: [react()],
  build: {
    outDir: folder('../../../dist/page'),
    emptyOutDir: true,
    assetsInlineLimit: 0, // The Content-Security-Policy allows no inline resource.
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1000,
  },
  server: {
    proxy: Object.fromEntries(['/cameras', '/frames', '/mjpeg', '/snapshot', '/health'].map((path) => [path, gateway])),
  },
})
