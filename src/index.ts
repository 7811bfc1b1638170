// What `import 'framegate'` gives.
export { App } from './app.js'
export { readConfig, type Config } from './config.js'
export * from './errors.js'
export { createLogger } from './logger.js'
