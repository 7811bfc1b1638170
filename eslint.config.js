// ESLint: type-checked rules for the service, the tests, the page and the React sample, and the import rule of
// CONTRIBUTING.md. Formatting belongs to Prettier.

import js from '@eslint/js'
import reactHooks from 'eslint-plugin-react-hooks'
import regexp from 'eslint-plugin-regexp'
import globals from 'globals'
import tseslint from 'typescript-eslint'

/** Parts of the service that never import each other; `frames` may be imported by all. */
const parts = ['cameras', 'http', 'mediamtx', 'metrics', 'publish']

const importRule = [...parts, 'frames'].map((part) => ({
  files: [`src/${part}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            group: parts.filter((other) => other !== part).map((other) => `**/${other}/**`),
            message: `src/${part}/ must not import another part: app.ts composes them (CONTRIBUTING.md, "Layout").`,
          },
          {
            group: ['**/app.js', '**/main.js'],
            message: 'Only main.ts imports app.ts, and nothing imports main.ts.',
          },
        ],
      },
    ],
  },
}))

export default tseslint.config(
  { ignores: ['node_modules/', '**/dist/', 'build*/', '.venv/', '.tap/', 'prebuilds/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.recommendedTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: {
        project: ['tsconfig.json', 'clients/react/tsconfig.json', 'clients/react/page/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      // An async function without await still turns a throw into a rejection, which its callers rely on.
      '@typescript-eslint/require-await': 'off',
      // An empty environment variable or header counts as missing, so `||` on strings is meant.
      '@typescript-eslint/prefer-nullish-coalescing': ['error', { ignorePrimitives: { string: true } }],
      // tap runs and awaits its subtests; `void test(...)` on each would only be noise.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', package: '@tapjs/test', name: ['test'] },
            { from: 'package', package: '@tapjs/core', name: ['test'] },
            { from: 'package', package: 'tap', name: ['test'] },
          ],
        },
      ],
    },
  },
  {
    // The time of an expression must not grow faster than the text that it searches: a client could stop the gateway.
    files: ['src/**/*.ts'],
    plugins: { regexp },
    rules: { 'regexp/no-super-linear-backtracking': 'error', 'regexp/no-super-linear-move': 'error' },
  },
  {
    // Text from cameras and programs is searched for control characters on purpose.
    rules: { 'no-control-regex': 'off' },
  },
  {
    // Tests read JSON responses and setup scripts without types; an assertion on a wrong field fails by its value.
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            'CallExpression[callee.object.name="AbortSignal"][callee.property.name="any"] CallExpression[callee.property.name="timeout"]',
          message: 'Node.js 20 may collect such a timeout as garbage; use within() of src/time-limit.ts.',
        },
      ],
    },
  },
  {
    files: ['**/*.mjs', '**/*.js', '**/*.cjs'],
    languageOptions: { globals: globals.node },
  },
  {
    files: ['clients/react/**/*.{ts,tsx}', 'test/browser/app/**/*.tsx'],
    extends: [reactHooks.configs.flat.recommended],
    languageOptions: { globals: globals.browser },
  },
  ...importRule,
)
