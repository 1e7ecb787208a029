// Bundles src/ into dist/, which the demo serves. `--watch` rebuilds on every change.
import {copyFile, mkdir, rm} from "node:fs/promises"
import esbuild from "esbuild"

const watch = process.argv.includes("--watch")

const page = {
  name: "page",
  setup(build) {
    build.onStart(async () => {
      await rm("dist", {recursive: true, force: true})
      await mkdir("dist")
    })
    build.onEnd(async () => {
      await copyFile("src/icon.svg", "dist/icon.svg")
    })
  },
}

const options = {
  entryPoints: ["src/app.js", "src/app.css"],
  outdir: "dist",
  bundle: true,
  minify: !watch,
  sourcemap: "linked",
  format: "esm",
  // The oldest browsers that know everything the style sheet uses (color-mix).
  target: ["chrome111", "firefox113", "safari16.4"],
  logLevel: "info",
  plugins: [page],
}

if (watch) {
  const context = await esbuild.context(options)
  await context.watch()
} else {
  await esbuild.build(options)
}
