// Preloaded by --import: prints a line for each file that is loaded from the folder of the program.
import { registerHooks } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const folder = pathToFileURL(dirname(process.argv[1])).href

registerHooks({
  load(url, context, next) {
    if (url.startsWith(folder)) console.log(`loaded ${fileURLToPath(url)}`)
    return next(url, context)
  },
})
