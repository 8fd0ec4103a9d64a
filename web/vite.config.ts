import { svelte } from '@sveltejs/vite-plugin-svelte';
import { fileURLToPath } from 'node:url';
import { defineConfig, type PluginOption } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// BULLA_API=http://127.0.0.1:8090 makes the development server ask a running program instead.
const program = process.env.BULLA_API;

export default defineConfig(async ({ command }) => {
  const plugins: PluginOption[] = [svelte()];
  // The invented API is loaded by the development server only; no build can contain it.
  if (command === 'serve' && !process.env.VITEST && !program) {
    const { fakeApi } = await import('./dev/fake.ts');
    plugins.push(fakeApi());
  }
  return {
    plugins,
    resolve: { alias: { $lib: here('./src/lib') } },
    server: {
      host: '127.0.0.1',
      port: Number(process.env.BULLA_WEB_PORT ?? 5173),
      proxy: program ? { '/api': { target: program, changeOrigin: true, headers: { origin: program } } } : undefined,
    },
    build: {
      target: 'es2022',
      // Content-Security-Policy allows files of our own only: nothing is inlined as a data: address, no script is written into the page.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      rolldownOptions: { input: { index: here('./index.html'), verify: here('./verify.html') } },
    },
    test: { include: ['src/**/*.test.ts'], environment: 'node' },
  };
});
